using System.Globalization;
using System.Text.Json;

namespace Eit.Cli.Demo;

/// <summary>What the demo of a slow receiver has found.</summary>
internal sealed record SlowDemoReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public required DemoTally Messages { get; init; }

    /// <summary>Gets the most messages that were between their sender and the receiver's handler at once.</summary>
    public required int MostHeld { get; init; }

    public required int UrgentSent { get; init; }

    public required int UrgentReceived { get; init; }

    /// <summary>Gets the median time from the send of an urgent message to the beginning of its handler.</summary>
    public required long UrgentMedianMs { get; init; }

    public required long UrgentSlowestMs { get; init; }

    /// <summary>Gets the managed memory of both ends before the first message.</summary>
    public required double MemoryAtStartMib { get; init; }

    /// <summary>Gets the most managed memory of both ends, the demo's own books included.</summary>
    public required double MostMemoryMib { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Gets what kept the demo from its end; null when nothing did.</summary>
    public required string? Problem { get; init; }

    /// <summary>Gets whether everything arrived once and in order, and no more was held than the bounds allow.</summary>
    public bool Ok => Problem is null && Messages.IsPerfect && UrgentReceived == UrgentSent && MostHeld <= SlowDemoOptions.Window + SlowDemoOptions.Outbox + 1;

    internal int ExitCode => Ok ? 0 : 1;

    internal string ToJson() => JsonSerializer.Serialize(this, s_json);

    internal string ToText() => string.Create(CultureInfo.InvariantCulture, $"""
        {Messages.Sent} messages sent, {Messages.Received} handled in {Seconds:0.0} s; lost {Messages.Lost}, duplicated {Messages.Duplicated}, reordered {Messages.Reordered}.
        At most {MostHeld} were held at once: {SlowDemoOptions.Window} by the receiver's credit, {SlowDemoOptions.Outbox} in the sender's outbox. Memory {MemoryAtStartMib:0.0} MiB before, at most {MostMemoryMib:0.0} MiB.
        {UrgentReceived} of {UrgentSent} urgent messages came: median {UrgentMedianMs} ms, slowest {UrgentSlowestMs} ms.
        {Problem ?? (Ok ? "Nothing was lost, duplicated or reordered, and nothing piled up." : "FAILED: not every message arrived once and in order, or more was held than may be.")}
        """);
}
