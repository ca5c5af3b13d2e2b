using System.Text.Json;

namespace Eit.Cli.Soak;

/// <summary>What a soak has found.</summary>
internal sealed record SoakReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public required int Connections { get; init; }

    public required SoakTally Messages { get; init; }

    public required double DelayP50Ms { get; init; }

    public required double DelayP99Ms { get; init; }

    public required double DelayMaxMs { get; init; }

    public required int Resumes { get; init; }

    public required int Cycles { get; init; }

    public required int FailedDials { get; init; }

    /// <summary>Gets the longest time that a session was without a connection.</summary>
    public required long LongestOutageMs { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Gets what was wrong beyond single messages; empty when nothing was.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Gets whether every message came back once, in order and in time, and nothing else was wrong.</summary>
    public bool Ok => Problems.Count == 0 && Messages.IsPerfect;

    internal int ExitCode => Ok ? 0 : 1;

    internal string ToJson() => JsonSerializer.Serialize(this, s_json);
}
