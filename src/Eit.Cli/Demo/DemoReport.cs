using System.Text.Json;

namespace Eit.Cli.Demo;

/// <summary>What a demo has found.</summary>
internal sealed record DemoReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Gets what became of the messages to the server.</summary>
    public required DemoTally Up { get; init; }

    /// <summary>Gets what became of the messages to the client.</summary>
    public required DemoTally Down { get; init; }

    public required int Resumes { get; init; }

    public required int Cycles { get; init; }

    public required int Cuts { get; init; }

    public required int BlackHoles { get; init; }

    public required int FailedDials { get; init; }

    /// <summary>Gets the longest time between two arrivals of one direction.</summary>
    public required long LongestGapMs { get; init; }

    public required double Seconds { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Gets what kept the demo from doing what was asked; empty when it did it.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Gets whether everything asked for was done, and every message arrived once and in order.</summary>
    public bool Ok => Problems.Count == 0 && Up.IsPerfect && Down.IsPerfect;

    internal int ExitCode => Ok ? 0 : 1;

    internal string ToJson() => JsonSerializer.Serialize(this, s_json);
}
