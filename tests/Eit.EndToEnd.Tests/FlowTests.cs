using Eit.Protocol.Session;
using Xunit.Abstractions;

namespace Eit.EndToEnd.Tests;

/// <summary>What is urgent stays fast under any load: slow handlers, slow paths, paths that stall. They measure, so nothing else may run beside them; in full size: bench/Eit.Bench.</summary>
[Collection(AloneCollection.Name), Trait("Runs", "Alone")]
public sealed class FlowTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_slow_handler_slows_its_sender_bounds_what_is_held_and_leaves_urgent_messages_fast()
    {
        const int Outbox = 100;
        const int Window = 64;

        SlowHandler run = await SlowHandler.RunAsync(messages: 600, Outbox, Window);

        output.WriteLine(run.ToString());
        Assert.Equal(0, run.Wrong);
        Assert.InRange(run.HeldMost, Window / 2, Outbox + Window + 2);
        Assert.InRange(run.TakenPerSecond, run.HandledPerSecond * 0.7, run.HandledPerSecond * 1.3);
        Assert.InRange(run.HeapBytes[^1] - run.HeapBytes[1], long.MinValue, 4 * 1024 * 1024);
        Assert.Equal(0, run.Urgent.Lost);
        int[] before = [.. run.Urgent.OthersBefore.Order()];
        Assert.InRange(before[before.Length / 2], 0, Window / 4);
        Assert.InRange(before[before.Length * 9 / 10], 0, Window / 2);   // In one queue the whole window would come before each.
    }

    [Fact]
    public async Task A_large_transfer_over_a_slow_path_arrives_without_a_false_time_out_and_urgent_messages_pass_it()
    {
        const int Length = 1_500_000;
        const int BitsPerSecond = 1_000_000;
        var timeout = TimeSpan.FromSeconds(10);

        LargeTransfer[] runs = await Task.WhenAll(
            LargeTransfer.RunAsync(Length, BitsPerSecond, isText: true, timeout),
            LargeTransfer.RunAsync(Length, BitsPerSecond, isText: false, timeout));

        foreach (LargeTransfer run in runs)
        {
            output.WriteLine(run.ToString());
            Assert.Equal((SendOutcome.Processed, true), (run.Outcome, run.IsWhole));
            Assert.Equal(0, run.Losses);
            Assert.InRange(run.Took, timeout, TimeSpan.MaxValue);
            Assert.Equal(0, run.Urgent.Lost);
            Assert.InRange(run.Urgent.Ways.Quantile(0.9), 0, run.Took.TotalMilliseconds / 4);   // Behind the transfer the first would wait for all of it.
        }
    }

    [Theory]
    [InlineData(CompleteWhen.Processed)]
    [InlineData(CompleteWhen.Accepted)]
    public async Task A_feed_over_a_path_that_stalls_is_current_at_once_and_every_value_has_its_outcome(CompleteWhen completeWhen)
    {
        const int Rounds = 2;
        using var losses = new Heartbeat();

        StallingFeed run = await StallingFeed.RunAsync(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.2), Rounds, completeWhen, timeout: TimeSpan.FromSeconds(30));

        output.WriteLine(run.ToString());
        Assert.Equal(run.Sent, run.Seen + run.Dropped.Replaced + run.Dropped.Expired);
        Assert.Equal(0, run.Dropped.NotSent);
        if (completeWhen == CompleteWhen.Processed)
        {
            long Count(SendOutcome outcome) => run.Outcomes.GetValueOrDefault(outcome);
            Assert.Equal((run.Seen - 1, run.Dropped.Replaced, run.Dropped.Expired), (Count(SendOutcome.Processed), Count(SendOutcome.Replaced), Count(SendOutcome.Expired)));
        }
        Timings ages = run.Ages.Without(losses);
        Assert.InRange(run.Current.Without(losses).Longest, 0, 1_000);   // A queue of what was sent meanwhile would take as long as the stall.
        Assert.InRange(ages.Median, 0, 100);
        Assert.InRange(ages.Longest, 0, (StallingFeed.Life + TimeSpan.FromSeconds(0.5)).TotalMilliseconds);
    }
}
