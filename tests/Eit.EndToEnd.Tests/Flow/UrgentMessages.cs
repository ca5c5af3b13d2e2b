using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.EndToEnd.Tests;

/// <summary>A message in the lane critical every 100 ms, which carries the moment at which it was sent.</summary>
internal sealed class UrgentMessages
{
    private static readonly SendOptions s_critical = new() { Lane = Lane.Critical };

    /// <summary>How long they were on the way to the handler.</summary>
    internal Timings Ways { get; } = new();

    /// <summary>How many were sent and not processed exactly once.</summary>
    internal int Lost { get; private set; }

    /// <summary>Takes note of a message that the handler got.</summary>
    /// <returns>False if it is none of these.</returns>
    internal bool TryNote(string text)
    {
        bool isUrgent = text[0] == '!';
        if (isUrgent) { Ways.Arrived(text[1..]); }
        return isUrgent;
    }

    internal async Task SendAsync(EitConnection client, Func<bool> goesOn)
    {
        var sends = new List<Task<SendOutcome>>();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (; goesOn(); await ticks.WaitForNextTickAsync()) { sends.Add(client.SendAsync("!" + Timings.Stamp(), s_critical).AsTask()); }
        SendOutcome[] outcomes = await Task.WhenAll(sends).WaitAsync(TimeSpan.FromMinutes(2));
        Lost = outcomes.Count(static outcome => outcome != SendOutcome.Processed) + Math.Abs(outcomes.Length - Ways.Count);
    }
}
