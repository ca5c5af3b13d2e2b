using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Backoff;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.AspNetCore.Builder;

namespace Eit.EndToEnd.Tests;

/// <summary>A path that swallows everything and says nothing, again and again; new connections go through.</summary>
internal sealed record BlackHoles
{
    /// <summary>From a black hole until a message that is sent into it is processed, from the client and from the server.</summary>
    internal required Timings Up { get; init; }

    internal required Timings Down { get; init; }

    /// <summary>The outages that the application was told: from each black hole on, and why.</summary>
    internal required Timings Noticed { get; init; }

    internal required IReadOnlyList<EitStateChange> Losses { get; init; }

    /// <summary>How many messages came not, twice, or out of order.</summary>
    internal required int Wrong { get; init; }

    internal static async Task<BlackHoles> RunAsync(int holes, TimeSpan timeout, bool races)
    {
        var sessions = new Happenings<EitSession>();
        var atServer = new ConcurrentQueue<string>();
        var atClient = new ConcurrentQueue<string>();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit("/eit", (session, text) =>
            {
                if (text == "begin") { sessions.Add(session); }
                else { atServer.Enqueue(text); }
                return default;
            }),
            options =>
            {
                options.SpreadMin = TimeSpan.Zero;
                options.Session.Timeout = timeout;
            });
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            options.Session.Timeout = timeout;
            options.RacesOnSuspicion = races;
            options.Redial = new RedialOptions { StableAfter = TimeSpan.Zero };   // Far more often than on any network: each loss counts as the first one.
        });
        client.OnMessage(atClient.Enqueue);
        var losses = new ConcurrentQueue<EitStateChange>();
        var noticed = new Timings();
        long unnoticed = 0;
        client.StateChanged += (_, change) =>
        {
            if (change.Previous != EitConnectionState.Connected || client.IsClosing) { return; }
            losses.Enqueue(change);
            long from = Interlocked.Exchange(ref unnoticed, 0);
            if (from != 0) { noticed.Add(from, Stopwatch.GetTimestamp()); }
        };
        await client.StartAsync().Soon();
        await client.SendAsync("begin").Soon();
        EitSession session = await sessions.NextAsync();
        (Timings up, Timings down) = (new Timings(), new Timings());

        for (int hole = 0; hole < holes; hole++)
        {
            await client.SendAsync($"before {hole}").Soon();
            await session.SendAsync($"before {hole}").Soon();
            long began = Stopwatch.GetTimestamp();
            Volatile.Write(ref unnoticed, began);
            relay.Blacken();
            await Task.WhenAll(BackAsync(client.SendAsync($"into {hole}"), began, up), BackAsync(session.SendAsync($"into {hole}"), began, down)).Soon();
            if (!races) { await Patience.UntilAsync(() => noticed.Count > hole); }   // The event may come after the outcomes.
        }

        string[] expected = [.. Enumerable.Range(0, holes).SelectMany(static hole => new[] { $"before {hole}", $"into {hole}" })];
        return new BlackHoles { Up = up, Down = down, Noticed = noticed, Losses = [.. losses], Wrong = Differences(expected, atServer) + Differences(expected, atClient) };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        back upwards: {Up}
        back downwards: {Down}
        outages: {(Losses.Count == 0 ? "none" : Noticed.ToString())}; {Wrong} messages lost or out of order
        """);

    private static async Task BackAsync(ValueTask<SendOutcome> sending, long began, Timings back)
    {
        await sending;
        back.Add(began, Stopwatch.GetTimestamp());
    }

    private static int Differences(string[] expected, IReadOnlyCollection<string> actual) =>
        expected.Zip(actual).Count(static pair => pair.First != pair.Second) + Math.Abs(expected.Length - actual.Count);
}
