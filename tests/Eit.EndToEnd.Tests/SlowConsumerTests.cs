using System.Diagnostics.Metrics;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class SlowConsumerTests
{
    private const int Messages = 20;
    private static readonly TimeSpan s_after = TimeSpan.FromMilliseconds(300);
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    [Fact]
    public async Task A_slow_consumer_is_disconnected_with_its_code_and_resumes_and_loses_nothing()
    {
        var recorder = new Recorder();
        TaskCompletionSource release = Patience.NewSource();
        using var counted = new CountedSlowConsumers();
        var after = TimeSpan.FromSeconds(2);
        await using var clock = new LeapingClock();
        await using TestHost host = await HostAsync(recorder, SlowConsumers.Disconnect, after, clock.Time);
        await using EitConnection client = host.Client(configure: Configure);
        var heard = new Happenings<string>();
        client.OnMessage(async text =>
        {
            heard.Add(text);
            await release.Task;
        });
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        for (int i = 0; i < Messages; i++) { await session.SendAsync($"{i}", s_accepted).Soon(); }
        clock.Leap(after);                                         // It stands still from then on: nobody is slow again, however late the release.
        await recorder.Calls.UntilAsync(static call => call == "slow consumer");
        await recorder.Calls.UntilAsync(static call => call == "outage SlowConsumer");
        release.SetResult();
        EitStateChange loss = await states.UntilAsync(static change => change.Previous == EitConnectionState.Connected);
        EitStateChange back = await states.UntilAsync(EitConnectionState.Connected);
        SendOutcome last = await session.SendAsync("last").Soon();

        Assert.Equal((CloseCode.SlowConsumer, 4105), (loss.Code, (int)CloseCode.SlowConsumer));
        Assert.True(back.IsResumed);
        Assert.Equal(SendOutcome.Processed, last);
        Assert.Equal(Enumerable.Range(0, Messages).Select(static number => $"{number}").Append("last"), heard.All);
        Assert.Equal(1, host.Sessions.SlowConsumers);
        Assert.InRange(counted.Count, 1, long.MaxValue);
    }

    [Fact]
    public async Task A_consumer_that_does_nothing_between_three_disconnections_is_told_that_it_is_too_slow()
    {
        var recorder = new Recorder();
        TaskCompletionSource release = Patience.NewSource();
        await using TestHost host = await HostAsync(recorder, SlowConsumers.Disconnect);
        await using EitConnection client = host.Client(configure: Configure);
        client.OnMessage(async _ => await release.Task);
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        for (int i = 0; i < Messages; i++) { await session.SendAsync($"{i}", s_accepted).Soon(); }
        await recorder.Calls.UntilAsync(static call => call == "closed TooSlow");
        release.SetResult();

        Assert.Equal(2, recorder.Calls.All.Count(static call => call == "outage SlowConsumer"));
        Assert.Equal(3, host.Sessions.SlowConsumers);
        EitSessionEnd end = Assert.Single(recorder.Ends.All);
        Assert.Contains(end.Unfinished, static message => message.Outcome == SendOutcome.NotSent);
    }

    [Theory]
    [InlineData(SlowConsumers.Wait)]
    [InlineData(SlowConsumers.Disconnect)]
    public async Task A_slow_client_never_delays_what_is_broadcast_to_another_one(SlowConsumers policy)
    {
        const int Broadcasts = 200;
        var recorder = new Recorder();
        TaskCompletionSource release = Patience.NewSource();
        await using TestHost host = await HostAsync(recorder, policy);
        await using EitConnection slow = host.Client("slow", configure: Configure);
        slow.OnMessage(async _ => await release.Task);
        await slow.StartAsync().Soon();
        await using EitConnection fast = host.Client("fast");
        var heard = new Happenings<string>();
        fast.OnMessage(heard.Add);
        await fast.StartAsync().Soon();
        await recorder.Sessions.NextAsync();
        await recorder.Sessions.NextAsync();

        for (int i = 0; i < Broadcasts; i++)
        {
            foreach (EitSession session in host.Sessions.List()) { session.Send($"{i}"); }
            Assert.Equal($"{i}", await heard.NextAsync());             // All that time the slow one has not finished with its first.
        }
        release.SetResult();
    }

    private static Task<TestHost> HostAsync(Recorder recorder, SlowConsumers policy, TimeSpan? after = null, TimeProvider? clock = null) => TestHost.StartAsync(
        app => app.MapEit<Recorder>("/eit").WithSlowConsumers(policy, after ?? s_after),
        OutageTests.Quick,
        build: builder => builder.Services.AddSingleton(recorder).AddSingleton(clock ?? TimeProvider.System));

    private static void Configure(EitConnectionOptions options)
    {
        OutageTests.QuickClient(options);
        options.Session.WindowMessages = 4;
    }

    /// <summary>The counter, as a monitoring system sees it; of every server in this process.</summary>
    private sealed class CountedSlowConsumers : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        internal CountedSlowConsumers()
        {
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Name: "eit.server.slow_consumers", Meter.Name: "Eit.Server" }) { listener.EnableMeasurementEvents(instrument); }
            };
            _listener.SetMeasurementEventCallback<long>((_, measurement, _, _) => Interlocked.Add(ref _count, measurement));
            _listener.Start();
        }

        internal long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
