using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Eit.Chaos;
using Eit.Chaos.Faults;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.EndToEnd.Tests;

/// <summary>TLS, Kestrel and a path that takes longer for a message than the time-out.</summary>
[Collection(AloneCollection.Name)]
public sealed class SlowPathTests
{
    private const int MessageBytes = 16_000;

    private static readonly SendOptions s_patient = new() { AcceptWithin = Timeout.InfiniteTimeSpan, Stays = true };

    private readonly Recorder _recorder = new();
    private readonly ConcurrentQueue<string> _heard = new();

    [Fact, Clause("L1.7")]
    public async Task A_message_that_takes_longer_than_the_time_out_gets_through_both_ways()
    {
        await using TestHost host = await _recorder.HostAsync(static options => options.Session.Timeout = TimeSpan.FromSeconds(2));
        await using ChaosProxy path = PathTo(host, bytesPerSecond: 4_000, roundTripMs: 100);
        await using EitConnection client = Client(host, path, static options => options.Session.Timeout = TimeSpan.FromSeconds(2));
        await client.StartAsync().Soon();
        EitSession session = await _recorder.Sessions.NextAsync();

        SendOutcome[] outcomes = await Task.WhenAll(client.SendAsync(Message(1), s_patient).AsTask(), session.SendAsync(Message(1), s_patient).AsTask()).Soon();

        Assert.Equal([SendOutcome.Processed, SendOutcome.Processed], outcomes);
        Assert.Equal([Message(1)], _heard);
        Assert.Single(_recorder.Calls.All, static call => call == Message(1));
    }

    /// <summary>Takes 9 minutes: EIT_SLOW=1 runs it.</summary>
    [Fact]
    public async Task Messages_make_progress_at_1_000_bytes_a_second_through_20_cuts_and_3_cycles()
    {
        if (Environment.GetEnvironmentVariable("EIT_SLOW") is not { } log) { return; }
        const int Messages = 25;
        await using TestHost host = await _recorder.HostAsync();
        await using ChaosProxy path = PathTo(host, bytesPerSecond: 1_000, roundTripMs: 600);
        await using EitConnection client = Client(host, path);
        await client.StartAsync().Soon();
        EitSession session = await _recorder.Sessions.NextAsync();

        long began = TimeProvider.System.GetTimestamp();
        var outcomes = new List<Task<SendOutcome>>();
        for (int i = 1; i <= Messages; i++)
        {
            outcomes.Add(client.SendAsync(Message(i), s_patient).AsTask());
            outcomes.Add(session.SendAsync(Message(i), s_patient).AsTask());
        }
        void Note(string what) => File.AppendAllText(log, string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s {what}: up {Handled().Length}, down {_heard.Count}, epoch {client.Epoch}\n"));
        string[] Handled() => [.. _recorder.Calls.All.Where(static call => call.Length == MessageBytes)];
        int cycles = 0;
        for (int cuts = 1; cuts <= 20; cuts++)
        {
            await PassAsync(20 + (cuts % 5));
            if (cuts % 7 == 3)
            {
                await client.WaitUntilConnectedAsync().Soon();
                await client.CycleAsync().Soon();
                cycles++;
                Note("cycled");
                await PassAsync(15);
            }
            Note($"cut {cuts}");
            path.CutAll();
        }
        SendOutcome[] became = await Task.WhenAll(outcomes).Soon();
        Note("done");

        Assert.All(became, static outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(Enumerable.Range(1, Messages).Select(Message), Handled());
        Assert.Equal(Enumerable.Range(1, Messages).Select(Message), _heard);
        Assert.Equal(3, cycles);
    }

    private static ChaosProxy PathTo(TestHost host, long bytesPerSecond, int roundTripMs)
    {
        ChaosProxy path = ChaosProxy.Start(new ChaosProxyOptions { Upstream = new IPEndPoint(IPAddress.Loopback, host.Port) });
        path.Add(new BandwidthFault { BytesPerSecond = bytesPerSecond });
        path.Add(new LatencyFault { Delay = TimeSpan.FromMilliseconds(roundTripMs / 2.0) });
        return path;
    }

    private static async Task PassAsync(int seconds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(seconds));
        await timer.WaitForNextTickAsync();
    }

    private static string Message(int number) => number.ToString("D5", CultureInfo.InvariantCulture) + new string('x', MessageBytes - 5);

    private EitConnection Client(TestHost host, ChaosProxy path, Action<EitConnectionOptions>? configure = null)
    {
        EitConnection client = host.Client(port: path.Port, configure: configure);
        client.OnMessage(_heard.Enqueue);
        return client;
    }
}
