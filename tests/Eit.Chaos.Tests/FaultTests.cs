using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Eit.Backoff;
using Eit.Chaos.Faults;

namespace Eit.Chaos.Tests;

public class FaultTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task Latency_up_holds_bytes_for_its_time_and_leaves_the_other_direction_alone()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        (Socket client, Socket server) = await stage.ConnectAsync();
        stage.Proxy.Add(new LatencyFault { Delay = s_hour, Direction = ChaosDirection.Up });

        await client.SayAsync("late");
        await Patience.UntilAsync(() => time.ArmedTimers == 1);
        time.Advance(s_hour - s_moment);
        await server.SayAsync("soon");
        string down = await client.HearAsync(4);
        int early = server.Available;
        time.Advance(s_moment);
        string up = await server.HearAsync(4);

        Assert.Equal(("soon", 0, "late"), (down, early, up));
    }

    [Fact]
    public async Task Latency_delays_by_real_time_too()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Add(new LatencyFault { Delay = TimeSpan.FromMilliseconds(50) });
        (Socket client, Socket server) = await stage.ConnectAsync();

        long began = Stopwatch.GetTimestamp();
        await client.SayAsync("ping");
        await server.HearAsync(4);
        await server.SayAsync("pong");
        await client.HearAsync(4);

        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(99), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task Latency_delays_the_end_of_the_stream_too()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        (Socket client, Socket server) = await stage.ConnectAsync();
        stage.Proxy.Add(new LatencyFault { Delay = s_hour });

        client.Shutdown(SocketShutdown.Send);
        Task<(byte[] Bytes, bool IsReset)> end = server.ReadToEndAsync();
        await Patience.UntilAsync(() => time.ArmedTimers > 0);
        bool wasEarly = end.IsCompleted;
        time.Advance(s_hour);

        Assert.False(wasEarly);
        AssertQuietEnd(await end);
    }

    [Fact]
    public async Task With_jitter_the_order_stays()
    {
        await using Stage stage = Stage.Start(seed: 3);
        stage.Proxy.Add(new LatencyFault { Delay = TimeSpan.FromMilliseconds(2), Jitter = TimeSpan.FromMilliseconds(2) });
        (Socket client, Socket server) = await stage.ConnectAsync();

        for (int i = 0; i < 100; i++) { await client.SendAllAsync([(byte)i]); }

        byte[] came = await server.ReadAsync(100);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), came);
    }

    [Theory]
    [InlineData(LatencyDistribution.Uniform, 90, 110, 100, 5.77)]
    [InlineData(LatencyDistribution.Normal, 40, 160, 100, 10)]
    [InlineData(LatencyDistribution.Pareto, 100, 300, 117, 30)]
    public void A_latency_is_drawn_from_its_distribution(LatencyDistribution distribution, double least, double most, double mean, double deviation)
    {
        var fault = new LatencyFault { Delay = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(10), Distribution = distribution };
        var chance = new SeededJitter(1);

        double[] draws = [.. Enumerable.Range(0, 20_000).Select(_ => fault.Draw(chance).TotalMilliseconds)];

        Assert.InRange(draws.Min(), least, mean);
        Assert.InRange(draws.Max(), mean, most);
        Assert.InRange(draws.Average(), mean - 2, mean + 2);
        double average = draws.Average();
        Assert.InRange(Math.Sqrt(draws.Average(draw => (draw - average) * (draw - average))), deviation * 0.8, deviation * 1.2);
    }

    [Fact]
    public async Task What_a_removed_latency_held_back_leaves_at_once()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        string name = stage.Proxy.Add(new LatencyFault { Delay = s_hour });
        await client.SayAsync("free");
        await Patience.UntilAsync(() => stage.Proxy.Counters.BytesUp == 4);

        Assert.True(stage.Proxy.Remove(name));

        Assert.Equal("free", await server.HearAsync(4));
    }

    [Fact]
    public async Task A_changed_latency_counts_for_what_waits_already()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        stage.Proxy.Set("slow", new LatencyFault { Delay = s_hour });
        await client.SayAsync("free");
        await Patience.UntilAsync(() => stage.Proxy.Counters.BytesUp == 4);

        bool wasAdded = stage.Proxy.Set("slow", new LatencyFault { Delay = s_moment });

        Assert.False(wasAdded);
        Assert.Equal("free", await server.HearAsync(4));
    }

    [Fact]
    public async Task Bandwidth_lets_no_more_through_than_its_rate()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Add(new BandwidthFault { BytesPerSecond = 100_000, Direction = ChaosDirection.Down });
        (Socket client, Socket server) = await stage.ConnectAsync();
        byte[] bytes = RandomNumberGenerator.GetBytes(30_000);

        long began = Stopwatch.GetTimestamp();
        await server.SendAllAsync(bytes);
        byte[] came = await client.ReadAsync(bytes.Length);

        Assert.Equal(bytes, came);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(200), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task A_slicer_writes_little_at_a_time()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        stage.Proxy.Add(new SlicerFault { AverageBytes = 10, VariationBytes = 5, Delay = s_moment });
        (Socket client, Socket server) = await stage.ConnectAsync();
        byte[] bytes = RandomNumberGenerator.GetBytes(300);

        await client.SendAllAsync(bytes);
        List<byte[]> slices = [];
        byte[] buffer = new byte[1_000];
        while (true)
        {
            int count = await server.ReceiveAsync(buffer).Soon();
            slices.Add(buffer[..count]);
            if (slices.Sum(static slice => slice.Length) == bytes.Length) { break; }
            await Patience.UntilAsync(() => time.ArmedTimers > 0);
            time.Advance(s_moment);
        }

        Assert.Equal(bytes, slices.SelectMany(static slice => slice));
        Assert.All(slices.SkipLast(1), static slice => Assert.InRange(slice.Length, 5, 15));
        Assert.InRange(slices[^1].Length, 1, 15);
    }

    [Fact]
    public async Task Corruption_changes_one_byte_in_so_many_and_no_other()
    {
        await using Stage stage = Stage.Start(seed: 5);
        stage.Proxy.Add(new CorruptFault { AfterBytes = 3, Every = 10, Direction = ChaosDirection.Up });
        (Socket client, Socket server) = await stage.ConnectAsync();
        byte[] bytes = RandomNumberGenerator.GetBytes(25);

        await client.SendAllAsync(bytes[..7]);
        await client.SendAllAsync(bytes[7..]);
        byte[] up = await server.ReadAsync(25);
        await server.SendAllAsync(bytes);
        byte[] down = await client.ReadAsync(25);

        Assert.Equal([3, 13, 23], Enumerable.Range(0, 25).Where(i => up[i] != bytes[i]));
        Assert.Equal(bytes, down);
    }

    [Fact]
    public async Task Corruption_of_one_byte_happens_once()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Add(new CorruptFault());
        (Socket client, Socket server) = await stage.ConnectAsync();

        await client.SendAllAsync(new byte[100]);
        byte[] came = await server.ReadAsync(100);

        Assert.NotEqual(0, came[0]);
        Assert.All(came[1..], value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task A_slow_open_dials_the_upstream_later_and_passes_what_has_come_meanwhile()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        stage.Proxy.Add(new SlowOpenFault { Delay = s_hour });
        (Socket client, _) = await stage.DialSeenAsync();
        await client.SayAsync("hello");
        await Patience.UntilAsync(() => time.ArmedTimers > 0);

        bool hasDialled = stage.HasPending;
        time.Advance(s_hour);
        Socket server = await stage.AcceptAsync();

        Assert.False(hasDialled);
        Assert.Equal("hello", await server.HearAsync(5));
    }

    [Fact]
    public async Task A_slow_close_passes_bytes_at_once_and_the_end_later()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        stage.Proxy.Add(new SlowCloseFault { Delay = s_hour });
        (Socket client, Socket server) = await stage.ConnectAsync();

        await client.SayAsync("bye");
        client.Shutdown(SocketShutdown.Send);
        string said = await server.HearAsync(3);
        Task<(byte[] Bytes, bool IsReset)> end = server.ReadToEndAsync();
        await Patience.UntilAsync(() => time.ArmedTimers > 0);
        bool wasEarly = end.IsCompleted;
        time.Advance(s_hour);

        Assert.Equal(("bye", false), (said, wasEarly));
        AssertQuietEnd(await end);
    }

    [Fact]
    public async Task A_reset_hits_both_ends_at_once()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        ChaosConnection connection = stage.Proxy.Connections.Single();

        string name = stage.Proxy.Add(new CutFault());

        Assert.True((await client.ReadToEndAsync()).IsReset);
        Assert.True((await server.ReadToEndAsync()).IsReset);
        Assert.Equal(name, await connection.Ended.Soon());
        Assert.Equal(1, stage.Proxy.Faults.Single().Acts);
    }

    [Fact]
    public async Task A_reset_after_a_number_of_bytes_lets_exactly_those_through()
    {
        for (int bytes = 1; bytes <= 20; bytes++)
        {
            await using Stage stage = Stage.Start();
            stage.Proxy.Add(new CutFault { AfterBytes = bytes, Direction = ChaosDirection.Up });
            (Socket client, Socket server) = await stage.ConnectAsync();

            await client.SendAllAsync(new byte[21]);
            (byte[] Bytes, bool IsReset) came = await server.ReadToEndAsync();

            Assert.Equal((bytes, true), (came.Bytes.Length, came.IsReset));
        }
    }

    [Fact]
    public async Task A_close_after_a_number_of_bytes_ends_both_streams_without_a_reset()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Add(new CutFault { Way = CutWay.Close, AfterBytes = 10, Direction = ChaosDirection.Down });
        (Socket client, Socket server) = await stage.ConnectAsync();

        await client.SayAsync("a question");
        await server.HearAsync(10);                                // A cut holds back what is still on its way.
        await server.SayAsync(new string('x', 5_000));
        (byte[] Bytes, bool IsReset) down = await client.ReadToEndAsync();
        client.Dispose();
        (byte[] Bytes, bool IsReset) up = await server.ReadToEndAsync();

        Assert.Equal((10, false, 0, false), (down.Bytes.Length, down.IsReset, up.Bytes.Length, up.IsReset));
    }

    [Fact]
    public async Task A_close_after_a_time_waits_for_it()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        stage.Proxy.Add(new CutFault { Way = CutWay.Close, After = s_hour });
        (Socket client, Socket server) = await stage.ConnectAsync();

        time.Advance(s_hour - s_moment);
        await client.SayAsync("still there");
        string said = await server.HearAsync(11);
        time.Advance(s_moment);

        Assert.Equal("still there", said);
        AssertQuietEnd(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_cut_midway_lets_some_of_the_next_bytes_through_and_not_all()
    {
        HashSet<int> lengths = [];
        for (ulong seed = 0; seed < 10; seed++)
        {
            await using Stage stage = Stage.Start(seed: seed);
            (Socket client, Socket server) = await stage.ConnectAsync();
            stage.Proxy.Add(new CutFault { Midway = true });

            await client.SendAllAsync(new byte[100]);
            (byte[] Bytes, bool IsReset) came = await server.ReadToEndAsync();

            Assert.True(came.IsReset);
            Assert.InRange(came.Bytes.Length, 1, 99);
            lengths.Add(came.Bytes.Length);
        }
        Assert.InRange(lengths.Count, 5, 10);
    }

    [Fact]
    public async Task A_black_hole_up_swallows_up_only_and_what_it_held_arrives_when_it_heals()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        stage.Proxy.Set("hole", new BlackHoleFault { Direction = ChaosDirection.Up });

        await client.SayAsync("up");
        await Patience.UntilAsync(() => stage.Proxy.Counters.BytesUp == 2);
        await server.SayAsync("down");
        string down = await client.HearAsync(4);
        int held = server.Available;
        stage.Proxy.Remove("hole");

        Assert.Equal(("down", 0, "up"), (down, held, await server.HearAsync(2)));
    }

    [Theory]
    [InlineData(ChaosDirection.Down)]
    [InlineData(ChaosDirection.Both)]
    public async Task A_black_hole_hides_that_an_end_has_gone_until_it_heals(ChaosDirection direction)
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        await client.SayAsync("x");
        await server.HearAsync(1);
        stage.Proxy.Set("hole", new BlackHoleFault { Direction = direction });

        server.LingerState = new LingerOption(enable: true, seconds: 0);
        server.Dispose();
        await client.SayAsync("anybody there?");
        Task<(byte[] Bytes, bool IsReset)> end = client.ReadToEndAsync();
        await Patience.UntilAsync(() => stage.Proxy.Counters.BytesUp == 15);
        bool wasEarly = end.IsCompleted;
        stage.Proxy.Remove("hole");

        Assert.False(wasEarly);
        Assert.True((await end).IsReset);
    }

    [Fact]
    public async Task A_connection_in_a_black_hole_of_which_both_ends_are_gone_is_forgotten()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        stage.Proxy.Set("hole", new BlackHoleFault());

        client.Dispose();
        server.Dispose();
        await stage.Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Ended).Soon();

        Assert.Empty(stage.Proxy.Connections);
    }

    [Fact]
    public async Task While_it_refuses_nobody_gets_in_and_those_inside_stay()
    {
        await using Stage stage = Stage.Start();
        (Socket client, Socket server) = await stage.ConnectAsync();
        stage.Proxy.Set("closed", new RefuseFault());

        SocketException refused = await Assert.ThrowsAsync<SocketException>(stage.DialAsync);
        await client.SayAsync("inside");
        string said = await server.HearAsync(6);
        stage.Proxy.Remove("closed");
        (Socket later, Socket laterServer) = await stage.ConnectAsync();
        await later.SayAsync("again");

        Assert.Equal((SocketError.ConnectionRefused, "inside"), (refused.SocketErrorCode, said));
        Assert.Equal("again", await laterServer.HearAsync(5));
    }

    [Fact]
    public async Task Silence_accepts_and_does_nothing_until_it_is_removed()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Set("silence", new SilenceFault());
        (Socket client, _) = await stage.DialSeenAsync();
        await client.SayAsync("hello?");
        await Patience.UntilAsync(() => stage.Proxy.Counters.BytesUp == 6);

        bool hasDialled = stage.HasPending;
        stage.Proxy.Remove("silence");
        Socket server = await stage.AcceptAsync();

        Assert.False(hasDialled);
        Assert.Equal("hello?", await server.HearAsync(6));
    }

    [Fact]
    public async Task A_client_that_leaves_during_silence_is_forgotten()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Set("silence", new SilenceFault());
        (Socket client, ChaosConnection? connection) = await stage.DialSeenAsync();

        client.Dispose();

        Assert.Null(await connection!.Ended.Soon());
        Assert.Equal(0, stage.Proxy.Counters.Live);
    }

    [Fact]
    public async Task At_the_limit_of_its_life_a_connection_is_closed_however_busy_it_is()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        (Socket client, Socket server) = await stage.ConnectAsync();
        time.Advance(s_hour / 2);
        stage.Proxy.Set("gateway", new LifeLimitFault { Limit = s_hour });
        await Patience.UntilAsync(() => time.ArmedTimers == 1);

        time.Advance((s_hour / 2) - s_moment);
        await client.SayAsync("busy");
        string said = await server.HearAsync(4);
        time.Advance(s_moment);

        Assert.Equal("busy", said);
        AssertQuietEnd(await client.ReadToEndAsync());
        client.Dispose();
        AssertQuietEnd(await server.ReadToEndAsync());
    }

    [Fact]
    public async Task Only_a_connection_that_idles_is_closed_by_the_limit_of_idleness()
    {
        var time = new ManualTimeProvider();
        await using Stage stage = Stage.Start(time);
        stage.Proxy.Set("balancer", new IdleLimitFault { Limit = s_hour, Way = CutWay.Reset });
        (Socket client, Socket server) = await stage.ConnectAsync();

        // No timer rings in the middle of a step, and each is armed again before the next one.
        for (int i = 0; i < 6; i++)
        {
            await server.SayAsync("tick");
            await client.HearAsync(4);
            time.Advance(s_hour / 2);
            await Patience.UntilAsync(() => time.ArmedTimers == 1);
        }
        TimeSpan? closesAt = time.NextDue;
        time.Advance(s_hour / 2);

        Assert.Equal(s_hour * 3.5, closesAt);
        Assert.True((await client.ReadToEndAsync()).IsReset);
    }

    [Fact]
    public async Task Beyond_the_limit_of_connections_newcomers_are_reset_until_one_leaves()
    {
        await using Stage stage = Stage.Start();
        stage.Proxy.Add(new ConnectionLimitFault { Connections = 1 });
        (Socket first, Socket firstServer) = await stage.ConnectAsync();

        (Socket second, _) = await stage.DialSeenAsync();
        bool isReset = (await second.ReadToEndAsync()).IsReset;
        ChaosConnection connection = stage.Proxy.Connections.Single(connection => connection.Number == 1);
        first.Dispose();
        firstServer.Dispose();
        await connection.Ended.Soon();
        await stage.Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Ended && happened.Connection == 2).Soon();
        (Socket third, Socket server) = await stage.ConnectAsync();
        await third.SayAsync("in");

        Assert.True(isReset);
        Assert.Equal("in", await server.HearAsync(2));
        Assert.Equal(1, stage.Proxy.Counters.TurnedAway);
    }

    [Fact]
    public async Task Faults_act_together_and_bytes_stay_whole()
    {
        await using Stage stage = Stage.Start(seed: 9);
        stage.Proxy.Add(new LatencyFault { Delay = TimeSpan.FromMilliseconds(5), Jitter = TimeSpan.FromMilliseconds(5), Distribution = LatencyDistribution.Normal });
        stage.Proxy.Add(new LatencyFault { Delay = TimeSpan.FromMilliseconds(5), Direction = ChaosDirection.Up });
        stage.Proxy.Add(new SlicerFault { AverageBytes = 500, VariationBytes = 499 });
        stage.Proxy.Add(new BandwidthFault { BytesPerSecond = 1_000_000 });
        (Socket client, Socket server) = await stage.ConnectAsync();
        byte[] bytes = RandomNumberGenerator.GetBytes(100_000);

        Task sending = client.SendAllAsync(bytes);
        byte[] came = await server.ReadAsync(bytes.Length);
        await sending;

        Assert.Equal(bytes, came);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_faults_to_the_same_connections()
    {
        int[] first = await HitBySeedAsync(1, new CutFault { Toxicity = 0.5 });
        int[] same = await HitBySeedAsync(1, new CutFault { Toxicity = 0.5 });
        int[] other = await HitBySeedAsync(2, new CutFault { Toxicity = 0.5 });

        Assert.Equal(first, same);
        Assert.NotEqual(first, other);
        Assert.InRange(first.Length, 10, 30);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 40)]
    public async Task Toxicity_zero_hits_none_and_one_hits_all(double toxicity, int hits)
    {
        Assert.Equal(hits, (await HitBySeedAsync(1, new CutFault { Toxicity = toxicity })).Length);
    }

    [Fact]
    public async Task A_changed_fault_hits_the_same_connections()
    {
        await using Stage stage = Stage.Start(seed: 4);
        stage.Proxy.Set("some", new LatencyFault { Delay = TimeSpan.Zero, Toxicity = 0.5 });
        for (int i = 0; i < 20; i++) { await stage.DialSeenAsync(); }
        int[] before = Hit(stage.Proxy);

        stage.Proxy.Set("some", new LatencyFault { Delay = s_moment, Toxicity = 0.5 });

        Assert.Equal(before.Concat(before).Order(), Hit(stage.Proxy).Order());
        Assert.NotEmpty(before);
    }

    [Fact]
    public async Task A_fault_of_one_connection_leaves_the_others_alone()
    {
        await using Stage stage = Stage.Start();
        (Socket first, _) = await stage.ConnectAsync();
        (Socket second, Socket server) = await stage.ConnectAsync();

        string name = stage.Proxy.Connections[0].Add(new CutFault { AfterBytes = 1 });
        await first.SayAsync("x");
        bool isReset = (await first.ReadToEndAsync()).IsReset;
        await second.SayAsync("fine");

        Assert.True(isReset);
        Assert.Equal("reset-1", name);
        Assert.Equal("fine", await server.HearAsync(4));
        Assert.Empty(stage.Proxy.Faults);
    }

    [Fact]
    public async Task A_fault_out_of_range_is_refused_when_it_is_set()
    {
        await using Stage stage = Stage.Start();

        Assert.Contains("delay", Assert.Throws<ArgumentException>(() => stage.Proxy.Add(new LatencyFault { Delay = -s_hour })).Message, StringComparison.Ordinal);
        Assert.Contains("only one", Assert.Throws<ArgumentException>(() => stage.Proxy.Add(new CutFault { After = s_hour, Midway = true })).Message, StringComparison.Ordinal);
        Assert.Contains("share", Assert.Throws<ArgumentException>(() => stage.Proxy.Add(new RefuseFault { Toxicity = 0.5 })).Message, StringComparison.Ordinal);
        Assert.Contains("ReadsFrames", Assert.Throws<ArgumentException>(() => stage.Proxy.Add(new FrameFault())).Message, StringComparison.Ordinal);
        Assert.Empty(stage.Proxy.Faults);
    }

    [Fact]
    public async Task Events_tell_in_order_what_was_done()
    {
        await using Stage stage = Stage.Start();
        await stage.ConnectAsync();
        stage.Proxy.Set("bye", new CutFault());
        await stage.Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Ended).Soon();
        stage.Proxy.Remove("bye");

        IReadOnlyList<ChaosEvent> events = stage.Proxy.Events;

        Assert.Equal([ChaosEventKind.Opened, ChaosEventKind.Dialled, ChaosEventKind.Set, ChaosEventKind.Hit, ChaosEventKind.Ended, ChaosEventKind.Removed], events.Select(happened => happened.Kind));
        Assert.Equal([1, 2, 3, 4, 5, 6], events.Select(happened => happened.Number));
        Assert.Equal([null, null, "bye", "bye", "bye", "bye"], events.Select(happened => happened.Fault));
        Assert.Equal(events.Select(happened => happened.At).Order(), events.Select(happened => happened.At));
    }

    [Fact]
    public async Task Only_the_last_events_are_kept()
    {
        await using Stage stage = Stage.Start(configure: static options => options.EventsMax = 2);

        for (int i = 0; i < 3; i++) { stage.Proxy.Add(new LatencyFault()); }

        Assert.Equal([2, 3], stage.Proxy.Events.Select(happened => happened.Number));
    }

    private static void AssertQuietEnd((byte[] Bytes, bool IsReset) end)
    {
        Assert.Empty(end.Bytes);
        Assert.False(end.IsReset);
    }

    private static async Task<int[]> HitBySeedAsync(ulong seed, ChaosFault fault)
    {
        await using Stage stage = Stage.Start(seed: seed);
        stage.Proxy.Set("some", fault);
        for (int i = 0; i < 40; i++) { await stage.DialSeenAsync(); }
        return Hit(stage.Proxy);
    }

    private static int[] Hit(ChaosProxy proxy) => [.. proxy.Events.Where(happened => happened.Kind == ChaosEventKind.Hit).Select(happened => happened.Connection!.Value)];
}
