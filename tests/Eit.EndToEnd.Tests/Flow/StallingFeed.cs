using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.AspNetCore.Builder;

namespace Eit.EndToEnd.Tests;

/// <summary>A joystick: a thousand values a second of one key, of which only the latest counts, over a path that stalls again and again.</summary>
internal sealed record StallingFeed
{
    /// <summary>How long a value is worth handing over.</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromMilliseconds(200);

    internal required int Sent { get; init; }

    internal required int Seen { get; init; }

    /// <summary>What the client counted.</summary>
    internal required DropCounts Dropped { get; init; }

    /// <summary>What the sends were told; of all values but the last if they waited for an outcome.</summary>
    internal required IReadOnlyDictionary<SendOutcome, int> Outcomes { get; init; }

    /// <summary>From the end of a stall until the handler sees a value that was sent after it or shortly before.</summary>
    internal required Timings Current { get; init; }

    /// <summary>How old the values were when the handler saw them.</summary>
    internal required Timings Ages { get; init; }

    internal static async Task<StallingFeed> RunAsync(TimeSpan flows, TimeSpan stalls, int rounds, CompleteWhen completeWhen, TimeSpan? timeout = null)
    {
        var session = new SessionSettings();
        session.Timeout = timeout ?? session.Timeout;
        var feed = new SendOptions { Key = "stick", ExpiresAfter = Life, CompleteWhen = completeWhen };
        var seen = new ConcurrentQueue<(long SentAt, long SeenAt)>();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit("/eit", (_, text) =>
        {
            seen.Enqueue((long.Parse(text, CultureInfo.InvariantCulture), Stopwatch.GetTimestamp()));
            return default;
        }), options => options.Session = session);
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options => options.Session = session);
        await client.StartAsync().Soon();

        var sends = new List<Task<SendOutcome>>();
        var stallEnds = new List<long>();
        for (int round = 0; round < rounds; round++)
        {
            await FeedAsync(client, feed, flows, sends);
            relay.Freeze();
            await FeedAsync(client, feed, stalls, sends);
            stallEnds.Add(Stopwatch.GetTimestamp());
            relay.Thaw();
        }
        await FeedAsync(client, feed, flows, sends);
        await client.SendAsync(Timings.Stamp(), new SendOptions { Key = feed.Key }).Soon();
        SendOutcome[] outcomes = await Task.WhenAll(sends).Soon();

        (Timings current, Timings ages) = (new Timings(), new Timings());
        foreach (long until in stallEnds) { current.Add(until, seen.First(value => value.SentAt > until - (Stopwatch.Frequency / 10)).SeenAt); }
        foreach ((long sentAt, long seenAt) in seen) { ages.Add(sentAt, seenAt); }
        return new StallingFeed
        {
            Sent = sends.Count + 1,
            Seen = seen.Count,
            Dropped = client.Dropped,
            Outcomes = outcomes.CountBy(static outcome => outcome).ToDictionary(),
            Current = current,
            Ages = ages,
        };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        {Sent:N0} sent = {Seen:N0} processed + {Dropped.Replaced:N0} replaced + {Dropped.Expired:N0} expired + {Sent - Seen - Dropped.Replaced - Dropped.Expired} unknown
        current after a stall: {Current}
        ages: {Ages}
        """);

    /// <summary>A value a millisecond, in the time that the timer leaves.</summary>
    private static async Task FeedAsync(EitConnection client, SendOptions options, TimeSpan time, List<Task<SendOutcome>> sends)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var watch = Stopwatch.StartNew();
        for (int sent = 0; watch.Elapsed < time; await ticks.WaitForNextTickAsync())
        {
            for (; sent < watch.Elapsed.TotalMilliseconds; sent++) { sends.Add(client.SendAsync(Timings.Stamp(), options).AsTask()); }
        }
    }
}
