using System.Collections.Concurrent;
using Eit.Backoff;
using Eit.Server.Channels;

namespace Eit.Server.Tests.Channels;

public class ChannelHistoryTests
{
    [Fact]
    public async Task The_events_of_each_of_a_thousand_channels_run_one_at_a_time_and_in_order_while_channels_run_in_parallel()
    {
        const int Channels = 1_000;
        const int Members = 10;
        const int Rounds = 5;
        await using var world = new ChannelWorld();
        var histories = new History[Channels];
        var wanted = new List<string>[Channels];

        async Task DriveAsync(int number)
        {
            var chance = new SeededJitter((ulong)number);
            History history = histories[number] = new History(number);
            List<string> order = wanted[number] = [$"created /tables/{number}"];
            FakeMember[] members = [.. Enumerable.Range(0, Members).Select(i => world.Member(history, $"/tables/{number}", $"{i}"))];
            await TellAllAsync(i => $"connect {i}", i => members[i].ConnectAsync());
            for (int round = 0; round < Rounds; round++)
            {
                int now = round;
                await TellAllAsync(i => $"{now}:{i}", i => members[i].SayAsync($"{now}:{i}"));
            }
            await TellAllAsync(i => $"disconnect {i}", i => members[i].CloseAsync());
            order.Add($"deleted /tables/{number}");

            // All at once, in an order drawn anew: each has to wait for those before it.
            async Task TellAllAsync(Func<int, string> name, Func<int, Task> tell)
            {
                int[] drawn = [.. Enumerable.Range(0, Members).OrderBy(_ => chance.Next())];
                order.AddRange(drawn.Select(name));
                await Task.WhenAll([.. drawn.Select(tell)]);
            }
        }
        await Task.WhenAll(Enumerable.Range(0, Channels).Select(number => Task.Run(() => DriveAsync(number)))).Soon();

        Assert.All(Enumerable.Range(0, Channels), number => Assert.Equal(wanted[number], histories[number].Begun));
        Assert.All(histories, history => Assert.Equal(1, history.MostAtOnce));
        Assert.InRange(History.MostInAll, 50, Channels);           // As many as wait for a timer at the same time.
        Assert.Equal((0, 0), (world.Channels.Count, world.Channels.HandlersFailed));
    }

    [Theory]
    [InlineData(1_000)]
    public async Task Creation_and_deletion_alternate_however_sessions_come_and_go(int sessions)
    {
        await using var world = new ChannelWorld();
        var presence = new Presence(world.Channels, "/tables/1");
        var chance = new SeededJitter(3);
        async Task VisitAsync(int number, TimeSpan stay)
        {
            FakeMember visitor = world.Member(presence, user: $"{number}");
            await visitor.ConnectAsync();
            await visitor.SayAsync("hello");
            await Waits.FetchAsync(stay);
            await visitor.CloseAsync();
        }

        await Churn.RunAsync(sessions, number => VisitAsync(number, TimeSpan.FromMilliseconds(30 * chance.Next())));

        presence.AssertAllCameAndWent(sessions);
        Assert.InRange(presence.Created, 2, sessions);
        Assert.True(world.Channels.WhenEmpty().IsCompletedSuccessfully);
    }

    /// <summary>The handler of one channel: what begins, and how much runs at once.</summary>
    private sealed class History : RecordingHandler
    {
        private static int s_running;
        private static int s_mostInAll;
        private readonly SeededJitter _chance;
        private int _running;

        internal History(int seed)
        {
            _chance = new SeededJitter((ulong)seed + 1_000_000);
            Does = RunAsync;
        }

        internal static int MostInAll => s_mostInAll;

        internal IEnumerable<string> Begun => Calls;

        internal int MostAtOnce { get; private set; }

        private async ValueTask RunAsync(string call)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _running));
            int all = Interlocked.Increment(ref s_running);
            int most;
            while ((most = s_mostInAll) < all && Interlocked.CompareExchange(ref s_mostInAll, all, most) != most)
            {
                // Another channel has told a number too.
            }
            double drawn = _chance.Next();
            if (drawn < 0.4) { await Task.Yield(); }
            else if (drawn < 0.6) { await Waits.FetchAsync(TimeSpan.FromMilliseconds(1 + (3 * _chance.Next()))); }
            Interlocked.Decrement(ref s_running);
            Interlocked.Decrement(ref _running);
        }
    }
}
