using System.Collections.Concurrent;
using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.EndToEnd.Tests;

/// <summary>A message in the lane critical every 100 ms, which carries the moment at which it was sent.</summary>
/// <param name="othersHandled">How many other messages the handler has finished with.</param>
internal sealed class UrgentMessages(Func<int> othersHandled)
{
    private static readonly SendOptions s_critical = new() { Lane = Lane.Critical };

    /// <summary>How long they were on the way to the handler.</summary>
    internal Timings Ways { get; } = new();

    /// <summary>How many others were handled while each was on the way.</summary>
    internal ConcurrentQueue<int> OthersBefore { get; } = new();

    /// <summary>How many were sent and not processed exactly once.</summary>
    internal int Lost { get; private set; }

    /// <summary>Takes note of a message that the handler got.</summary>
    /// <returns>False if it is none of these.</returns>
    internal bool TryNote(string text)
    {
        if (text[0] != '!') { return false; }
        string[] sent = text[1..].Split(' ');
        Ways.Arrived(sent[0]);
        OthersBefore.Enqueue(othersHandled() - int.Parse(sent[1], CultureInfo.InvariantCulture));
        return true;
    }

    internal async Task SendAsync(EitConnection client, Func<bool> goesOn)
    {
        var sends = new List<Task<SendOutcome>>();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (; goesOn(); await ticks.WaitForNextTickAsync()) { sends.Add(client.SendAsync(string.Create(CultureInfo.InvariantCulture, $"!{Timings.Stamp()} {othersHandled()}"), s_critical).AsTask()); }
        SendOutcome[] outcomes = await Task.WhenAll(sends).Soon();
        Lost = outcomes.Count(static outcome => outcome != SendOutcome.Processed) + Math.Abs(outcomes.Length - Ways.Count);
    }
}
