using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>The delivery contract over real sockets: what is cancelled, replaced, expires, or waits in vain.</summary>
public sealed class DeliveryTests
{
    private const int Window = 2;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly SendOptions s_short = new() { ExpiresAfter = TimeSpan.FromMilliseconds(100) };
    private static readonly SendOptions s_received = new() { CompleteWhen = CompleteWhen.Received };

    [Fact]
    public async Task Cancelling_a_send_takes_the_message_back_while_nothing_of_it_has_left_and_else_ends_only_the_wait()
    {
        await using Jam jam = await Jam.MakeAsync();
        using var takesBack = new CancellationTokenSource();
        using var givesUp = new CancellationTokenSource();

        Task<SendOutcome> left = jam.Client.SendAsync("has left", cancellationToken: givesUp.Token).AsTask();
        await jam.Client.SendAsync("fills the window", s_received).Soon();
        Task<SendOutcome> waits = jam.Client.SendAsync("waits", cancellationToken: takesBack.Token).AsTask();
        await takesBack.CancelAsync();
        await givesUp.CancelAsync();
        SendOutcome outcome = await waits.Soon();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left.Soon());
        jam.Release();
        await jam.Client.SendAsync("afterwards").Soon();

        Assert.Equal(SendOutcome.NotSent, outcome);
        Assert.Equal(["has left", "fills the window", "afterwards"], jam.Messages);
        Assert.Equal(1, jam.Client.Dropped.NotSent);
    }

    [Fact]
    public async Task Sends_that_wait_at_once_are_taken_over_in_the_order_of_their_calls()
    {
        var handled = new List<string>();
        var recorder = new Recorder
        {
            Answer = (_, text) =>
            {
                handled.Add(text);
                return default;
            },
        };
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        client.Start();

        Task<SendOutcome>[] sends = [.. Enumerable.Range(0, 500).Select(i => client.SendAsync($"{i}").AsTask())];
        SendOutcome[] outcomes = await Task.WhenAll(sends).Soon();

        Assert.All(outcomes, static outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(Enumerable.Range(0, 500).Select(static i => $"{i}"), handled);
    }

    [Fact]
    public async Task Who_gives_up_before_its_turn_lets_nobody_overtake()
    {
        var handled = new List<string>();
        var recorder = new Recorder
        {
            Answer = (_, text) =>
            {
                handled.Add(text);
                return default;
            },
        };
        TaskCompletionSource mayDial = Patience.NewSource();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client(configure: options =>
        {
            options.TokenLimit = Patience.Guard;
            options.TokenProvider = async (_, _) =>
            {
                await mayDial.Task;
                return host.Token("ada");
            };
        });
        client.Start();
        using var givesUp = new CancellationTokenSource();

        Task<SendOutcome> first = client.SendAsync("first").AsTask();
        Task<SendOutcome> second = client.SendAsync("second", cancellationToken: givesUp.Token).AsTask();
        Task<SendOutcome> third = client.SendAsync("third").AsTask();
        await givesUp.CancelAsync();
        mayDial.SetResult();
        SendOutcome[] outcomes = await Task.WhenAll(first, second, third).Soon();

        Assert.Equal([SendOutcome.Processed, SendOutcome.NotSent, SendOutcome.Processed], outcomes);
        Assert.Equal(["first", "third"], handled);
    }

    [Fact]
    public async Task Of_one_key_only_the_latest_leaves_and_the_others_are_replaced()
    {
        await using Jam jam = await Jam.MakeAsync();
        for (int i = 0; i < Window; i++) { await jam.Client.SendAsync($"fills the window {i}", s_received).Soon(); }
        SendOptions Keyed(string key) => new() { Key = key };

        Task<SendOutcome>[] sends =
        [
            jam.Client.SendAsync("left 1", Keyed("left")).AsTask(),
            jam.Client.SendAsync("right 1", Keyed("right")).AsTask(),
            jam.Client.SendAsync("left 2", Keyed("left")).AsTask(),
            jam.Client.SendAsync("left 3", Keyed("left")).AsTask(),
        ];
        jam.Release();
        SendOutcome[] outcomes = await Task.WhenAll(sends).Soon();

        Assert.Equal([SendOutcome.Replaced, SendOutcome.Processed, SendOutcome.Replaced, SendOutcome.Processed], outcomes);
        Assert.Equal(["left 3", "right 1"], jam.Messages.Skip(Window));
        Assert.Equal(2, jam.Client.Dropped.Replaced);
    }

    [Fact]
    public async Task A_message_whose_life_ends_before_it_has_left_is_expired_at_once()
    {
        await using Jam jam = await Jam.MakeAsync();
        for (int i = 0; i < Window; i++) { await jam.Client.SendAsync($"fills the window {i}", s_received).Soon(); }

        SendOutcome outcome = await jam.Client.SendAsync("too old soon", s_short).Soon();
        jam.Release();
        await jam.Client.SendAsync("afterwards").Soon();

        Assert.Equal(SendOutcome.Expired, outcome);
        Assert.Equal("afterwards", Assert.Single(jam.Messages.Skip(Window)));
        Assert.Equal(1, jam.Client.Dropped.Expired);
    }

    [Fact]
    public async Task A_message_whose_life_ends_behind_a_slow_handler_is_expired_and_never_handled()
    {
        await using var clock = new LeapingClock();
        await using Jam jam = await Jam.MakeAsync(window: 3, clock.Time);
        await jam.Client.SendAsync("occupies the handler", s_received).Soon();

        Task<SendOutcome> sending = jam.Client.SendAsync("too old soon", s_short).AsTask();
        await jam.Client.SendAsync("behind it", s_received).Soon();
        clock.Leap(s_short.ExpiresAfter!.Value);
        jam.Release();
        SendOutcome outcome = await sending.Soon();
        await jam.Client.SendAsync("afterwards").Soon();

        Assert.Equal(SendOutcome.Expired, outcome);
        Assert.Equal(["occupies the handler", "behind it", "afterwards"], jam.Messages);
        Assert.Equal(1, jam.Client.Dropped.Expired);
    }

    [Theory]
    [InlineData(1, SendOutcome.NotSent)]
    [InlineData(100, SendOutcome.Unknown)]
    public async Task Two_handlers_that_wait_for_each_other_end_by_a_time_out_and_an_event_names_it(int window, SendOutcome expected)
    {
        var recorder = new Recorder();
        using var logs = new CapturedLogs();
        var atClient = Patience.NewSource<SendOutcome>();
        var atServer = Patience.NewSource<SendOutcome>();
        recorder.Answer = async (session, text) =>
        {
            if (text == "go") { atServer.TrySetResult(await session.SendAsync("question")); }
        };
        await using TestHost host = await recorder.HostAsync(options => options.Session.WindowMessages = window);
        await using var clock = new LeapingClock();
        await using EitConnection client = host.Client(logs: logs, configure: options => (options.TimeProvider, options.Session.AckDelay) = (clock.Time, TimeSpan.Zero));
        client.OnMessage(async _ =>
        {
            Task<SendOutcome> asking = client.SendAsync("counter-question", new SendOptions { CompleteWithin = s_patience }).AsTask();
            if (expected == SendOutcome.Unknown) { await client.SendAsync("behind it", s_received); }   // Then it has left, and come.
            clock.Leap(s_patience);
            atClient.TrySetResult(await asking);
        });
        await client.StartAsync().Soon();

        client.Send("go");
        SendOutcome clientOutcome = await atClient.Task.Soon();
        SendOutcome serverOutcome = await atServer.Task.Soon();
        await client.SendAsync("afterwards").Soon();

        Assert.Equal((expected, SendOutcome.Processed), (clientOutcome, serverOutcome));
        Assert.Contains(logs.Entries, static entry => entry is (LogLevel.Warning, "MutualWait", _));
        Assert.Equal(expected == SendOutcome.Unknown, recorder.Calls.All.Contains("counter-question"));
    }

    /// <summary>A server whose handler waits with its first message until it is released, and takes only a few more behind it.</summary>
    private sealed class Jam : IAsyncDisposable
    {
        private readonly TaskCompletionSource _released = Patience.NewSource();
        private readonly Recorder _recorder = new();
        private TestHost? _host;

        internal EitConnection Client { get; private set; } = null!;

        internal IReadOnlyList<string> Messages => [.. _recorder.Calls.All.Skip(1)];

        internal static async Task<Jam> MakeAsync(int window = Window, TimeProvider? serverClock = null)
        {
            var jam = new Jam();
            jam._recorder.Answer = async (_, _) => await jam._released.Task;
            jam._host = await jam._recorder.HostAsync(options => (options.Session.WindowMessages, options.Session.AckDelay) = (window, TimeSpan.Zero), clock: serverClock);
            jam.Client = jam._host.Client();
            await jam.Client.StartAsync().Soon();
            return jam;
        }

        internal void Release() => _released.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            Release();
            await Client.DisposeAsync();
            await _host!.DisposeAsync();
        }
    }
}
