using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Connection;

namespace Eit.Faults.Tests;

/// <summary>Many clients lose their server at once, and another one takes its place. Their redials must be spread as the server wants it: no 100 ms may hold more than twice its share.</summary>
/// <remarks>Judged are the moments that the clients draw; when they get to it is told, too, but depends on a machine that plays all of them and starts a server at the same time.</remarks>
/// <param name="Name">What goes wrong, in a few words.</param>
/// <param name="Bound">How long it may take until all are back.</param>
/// <param name="SpreadSeconds">Over what time the server wants its clients' redials to be drawn.</param>
internal sealed record HerdScenario(string Name, TimeSpan Bound, double SpreadSeconds) : Scenario(Name, Bound)
{
    private static readonly TimeSpan s_window = TimeSpan.FromMilliseconds(100);

    internal override async Task<Outcome> RunAsync()
    {
        var drawn = new ConcurrentQueue<TimeSpan>();
        var done = new ConcurrentQueue<TimeSpan>();
        long killedAt = 0;
        await using ProcessWorld world = await ProcessWorld.StartAsync(static (options, _) => options.Redial.LossSpreadMax = TimeSpan.FromMinutes(1), spreadSeconds: SpreadSeconds);
        await world.BeginTalksAsync(Talks, Talk);
        foreach (Talk talk in world.Talks)
        {
            talk.Client.StateChanged += (_, change) =>
            {
                if (killedAt == 0) { return; }
                TimeSpan now = Stopwatch.GetElapsedTime(killedAt);
                if (change.NextAttemptIn is { } wait) { drawn.Enqueue(now + wait); }
                if (change.Current == EitConnectionState.Dialing) { done.Enqueue(now); }
            };
        }
        await world.AskAllAsync();

        TimeSpan starved = Starvation.Now;
        killedAt = Stopwatch.GetTimestamp();
        await world.ReplaceServerAsync();
        await world.AskAllAsync();
        Recovery[] back = [new(Stopwatch.GetElapsedTime(killedAt), Starvation.Now - starved)];

        double share = drawn.Count * (s_window.TotalSeconds / SpreadSeconds);
        int most = MostWithin(s_window, [.. drawn.Order()]);
        string measured = string.Create(CultureInfo.InvariantCulture, $"{drawn.Count} redials; within 100 ms the share is {share:F0}, at most {most} were drawn and {MostWithin(s_window, [.. done.Order()])} done");
        if (most > 2 * share) { world.Problems.Add("the herd is too close together"); }
        return new Outcome(this, back, await world.FinishTalksAsync(), world.Problems) { Note = measured };
    }

    private static int MostWithin(TimeSpan window, TimeSpan[] sorted)
    {
        int most = 0;
        for (int first = 0, last = 0; last < sorted.Length; last++)
        {
            while (sorted[last] - sorted[first] >= window) { first++; }
            most = Math.Max(most, last - first + 1);
        }
        return most;
    }
}
