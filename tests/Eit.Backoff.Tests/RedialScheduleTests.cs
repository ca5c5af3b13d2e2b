using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class RedialScheduleTests
{
    private static readonly RedialOptions s_options = new();

    [Fact]
    public void The_first_redial_is_at_once_when_the_cause_is_local()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.9), spread: Minutes(5));

        Assert.Equal(TimeSpan.Zero, schedule.NextWait(RedialCause.Local, hint: null, At(60)));
    }

    [Fact]
    public void The_first_redial_after_a_loss_is_drawn_over_the_spread()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: Seconds(1));

        Assert.Equal(Seconds(0.5), schedule.NextWait(RedialCause.Loss, hint: null, At(60)));
    }

    [Fact]
    public void The_first_redial_after_a_loss_is_drawn_over_2_s_where_the_spread_is_longer()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: Minutes(5));

        Assert.Equal(Seconds(1), schedule.NextWait(RedialCause.Loss, hint: null, At(60)));
    }

    [Fact]
    public void The_first_redial_after_a_drain_is_drawn_over_the_whole_spread()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: Minutes(5));

        Assert.Equal(Minutes(2.5), schedule.NextWait(RedialCause.Spread, hint: null, At(60)));
    }

    [Fact]
    public void A_failed_first_redial_is_followed_by_one_over_the_whole_spread()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: Minutes(5));
        schedule.NextWait(RedialCause.Loss, hint: null, At(60));

        Assert.Equal(Minutes(2.5), schedule.NextWait(RedialCause.Failure, hint: null, At(61)));
    }

    [Fact]
    public void Credentials_that_end_again_and_again_are_dialled_with_less_and_less_however_long_they_last()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(1), spread: TimeSpan.Zero);
        double now = 60;
        List<double> waits = [];
        for (int i = 0; i < 12; i++)
        {
            double wait = schedule.NextWait(RedialCause.Expired, hint: null, At(now)).TotalSeconds;
            waits.Add(wait);
            now += wait;
            schedule.Connected(At(now));
            now += 2;                                              // Shorter than what counts as stable.
        }

        Assert.Equal(0, waits[0]);
        Assert.Equal(waits.Order(), waits);
        Assert.Equal(s_options.LongestWait.TotalSeconds, waits[^1]);
    }

    [Fact]
    public void Before_the_server_has_said_anything_the_spread_is_half_a_second()
    {
        Assert.Equal(Seconds(0.5), new RedialSchedule(s_options, new FixedJitter(0)).Spread);
    }

    [Fact]
    public void A_server_that_turns_dials_away_without_a_hint_is_dialled_less_and_less()
    {
        var schedule = new RedialSchedule(s_options, new FixedJitter(1)) { Spread = TimeSpan.Zero };
        schedule.Connected(At(0));
        double now = 60;
        List<double> waits = [];
        for (int i = 0; i < 40; i++)
        {
            double wait = schedule.NextWait(RedialCause.Spread, hint: null, At(now)).TotalSeconds;
            waits.Add(wait);
            now += wait;
        }

        Assert.Equal(0, waits[0]);                                  // After the transport's own end: it has said that it is small.
        Assert.Equal(0.5, waits[1]);
        Assert.Equal(s_options.LongestWait.TotalSeconds, waits[^1]);
        Assert.InRange(now - 60, 120, double.MaxValue);
    }

    [Fact]
    public void A_transport_that_dies_young_after_failed_dials_is_dialled_again_over_the_spread()
    {
        RedialSchedule schedule = Failing(1, new FixedJitter(1));
        schedule.Spread = Seconds(1.5);
        schedule.Connected(At(1));

        Assert.Equal(Seconds(1.5), schedule.NextWait(RedialCause.Loss, hint: null, At(2)));
    }

    [Fact]
    public void Spread_over_a_fleet_the_first_redials_after_a_drain_are_even()
    {
        double[] shares = [.. Enumerable.Range(0, 5_000).Select(seed =>
            UpFor(Minutes(1), new SeededJitter((ulong)seed), Seconds(100)).NextWait(RedialCause.Spread, hint: null, At(60)) / Seconds(100))];

        Assert.All(Bins.Shares(shares, 10), share => Assert.InRange(share, 0.08, 0.12));
    }

    [Fact]
    public void In_a_long_outage_the_bound_doubles_with_each_failure_up_to_the_longest_wait()
    {
        RedialSchedule schedule = Failing(0, new FixedJitter(0.5));

        double[] bounds = [.. Enumerable.Range(0, 10).Select(_ => schedule.NextWait(RedialCause.Failure, hint: null, At(0)).TotalSeconds * 2)];

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30], bounds);
        Assert.Equal(10, schedule.Failures);
    }

    [Fact]
    public void In_an_outage_the_bound_is_at_most_a_quarter_of_what_that_has_lasted()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: TimeSpan.Zero);
        schedule.NextWait(RedialCause.Loss, hint: null, At(60));

        double[] bounds = [.. Enumerable.Range(0, 200).Select(second => schedule.NextWait(RedialCause.Failure, hint: null, At(60 + second)).TotalSeconds * 2)];

        Assert.All(Enumerable.Range(0, 200), second => Assert.InRange(bounds[second], Math.Min(30, second / 8.0), Math.Max(0.5, second / 4.0)));
        Assert.Equal((0.5, 0.5, 1, 2, 30), (bounds[0], bounds[4], bounds[5], bounds[9], bounds[199]));
    }

    [Fact]
    public void A_client_that_was_refused_for_a_second_is_back_within_half_a_second()
    {
        double[] late = [.. Enumerable.Range(0, 2_000).Select(seed => BackAfter(Seconds(1), TimeSpan.Zero, (ulong)seed, out _).TotalSeconds - 1)];

        Assert.All(late, seconds => Assert.InRange(seconds, 0, 0.5));
        Assert.InRange(late.Order().ElementAt(1_000), 0.05, 0.25);
    }

    [Fact]
    public void A_client_that_was_refused_for_long_is_back_after_a_quarter_more_and_has_tried_a_bounded_number_of_times()
    {
        (double Late, int Dials)[] back = [.. Enumerable.Range(0, 500).Select(seed => (BackAfter(Minutes(2), TimeSpan.Zero, (ulong)seed, out int dials) / Minutes(2), dials))];

        Assert.All(back, one => Assert.InRange(one.Late, 1, 1.25));
        Assert.All(back, one => Assert.InRange(one.Dials, 30, 110));
    }

    [Fact]
    public void In_an_outage_a_fleet_tries_no_more_often_than_twice_in_the_spread_of_its_server()
    {
        double[] dials = [.. Enumerable.Range(0, 500).Select(seed =>
        {
            BackAfter(Seconds(40), Seconds(4), (ulong)seed, out int count);
            return (double)count;
        })];

        Assert.InRange(dials.Average(), 10, (40 / 2.0) + 2);
    }

    [Fact]
    public void A_short_outage_does_not_make_the_loss_behind_it_wait()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: TimeSpan.Zero);
        schedule.NextWait(RedialCause.Loss, hint: null, At(60));
        for (int i = 0; i < 5; i++) { schedule.NextWait(RedialCause.Failure, hint: null, At(60 + (i * 0.3))); }
        schedule.Connected(At(62));

        TimeSpan wait = schedule.NextWait(RedialCause.Loss, hint: null, At(63));

        Assert.Equal(Seconds(0.25), wait);
    }

    [Fact]
    public void At_the_cap_waits_are_still_spread_from_zero_to_the_longest_wait()
    {
        RedialSchedule schedule = Failing(100, new SeededJitter(5));

        double[] shares = [.. Enumerable.Range(0, 5_000).Select(_ => schedule.NextWait(RedialCause.Failure, hint: null, At(0)) / s_options.LongestWait)];

        Assert.All(Bins.Shares(shares, 10), share => Assert.InRange(share, 0.08, 0.12));
        Assert.Equal(1, Bins.Shares(shares, 10).Sum(), precision: 9);
    }

    [Fact]
    public void However_many_failures_there_are_the_bound_stays_at_the_cap()
    {
        RedialSchedule schedule = Failing(10_000, new FixedJitter(0.5));

        Assert.Equal(Seconds(15), schedule.NextWait(RedialCause.Failure, hint: null, At(0)));
    }

    [Fact]
    public void Full_jitter_stays_in_its_clamped_bound() =>
        Prop.ForAll<byte, ulong>((failures, seed) =>
        {
            RedialSchedule schedule = Failing(failures, new SeededJitter(seed));
            TimeSpan bound = Seconds(Math.Min(30, 0.5 * Math.Pow(2, failures)));
            TimeSpan wait = schedule.NextWait(RedialCause.Failure, hint: null, At(0));
            return wait >= TimeSpan.Zero && wait < bound;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_happens_a_wait_is_within_the_longest_that_the_options_and_the_server_name() =>
        Prop.ForAll<(byte Cause, bool WasUp, byte LivedSeconds, byte SpreadSeconds)[], ulong>((happenings, seed) =>
        {
            var schedule = new RedialSchedule(s_options, new SeededJitter(seed));
            Instant now = At(0);
            foreach ((byte cause, bool wasUp, byte livedSeconds, byte spreadSeconds) in happenings)
            {
                schedule.Spread = Seconds(spreadSeconds);
                if (wasUp) { schedule.Connected(now); }
                now += Seconds(livedSeconds % 20);
                var why = (RedialCause)(cause % 5);
                TimeSpan longest = why == RedialCause.Refused ? s_options.RefusedWait * 1.5 : Seconds(Math.Max(30, (int)spreadSeconds));
                TimeSpan wait = schedule.NextWait(why, hint: null, now);
                if (wait < TimeSpan.Zero || wait >= longest) { return false; }
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_welcome_alone_does_not_reset_the_count()
    {
        RedialSchedule schedule = Failing(6, new FixedJitter(0.5));

        schedule.Connected(At(0));
        TimeSpan wait = schedule.NextWait(RedialCause.Loss, hint: null, At(0.499));

        Assert.Equal(Seconds(8), wait);
        Assert.Equal(7, schedule.Failures);
    }

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(1, 0.5)]
    [InlineData(2, 1)]
    [InlineData(9.999, 4)]
    public void A_path_that_cuts_every_transport_after_a_while_keeps_its_client_away_for_half_of_their_lives_at_most(double life, double longest)
    {
        RedialSchedule schedule = Failing(12, new FixedJitter(0.5));

        double[] bounds = [.. Enumerable.Range(0, 20).Select(_ => BoundAfterLife(schedule, RedialCause.Loss, life))];

        Assert.All(bounds, bound => Assert.Equal(longest, bound));
        Assert.Equal(32, schedule.Failures);
    }

    [Fact]
    public void A_life_of_a_second_among_many_that_end_at_once_makes_the_next_waits_short_again()
    {
        RedialSchedule schedule = Failing(0, new FixedJitter(0.5));

        double[] bounds = [.. Enumerable.Range(0, 12).Select(turn => BoundAfterLife(schedule, RedialCause.Loss, turn % 6 == 5 ? 1 : 0.1))];

        Assert.Equal([0, 0.5, 1, 2, 4, 0.5, 1, 2, 4, 8, 16, 0.5], bounds);
    }

    [Fact]
    public void The_count_goes_back_to_zero_after_a_stable_life()
    {
        RedialSchedule schedule = Failing(6, new FixedJitter(0.5));

        schedule.Connected(At(0));
        TimeSpan wait = schedule.NextWait(RedialCause.Local, hint: null, At(10));

        Assert.Equal(TimeSpan.Zero, wait);
        Assert.Equal(0, schedule.Failures);
    }

    [Theory]
    [InlineData(RedialCause.Loss)]
    [InlineData(RedialCause.Local)]
    public void A_connection_which_opens_and_dies_at_once_keeps_backing_off(RedialCause cause)
    {
        var schedule = new RedialSchedule(s_options, new FixedJitter(0.5)) { Spread = TimeSpan.Zero };

        double[] bounds = [.. Enumerable.Range(0, 9).Select(_ => BoundAfterLife(schedule, cause, seconds: 0.1))];

        Assert.Equal([0, 0.5, 1, 2, 4, 8, 16, 30, 30], bounds);
    }

    [Fact]
    public void A_failed_redial_after_a_stable_life_is_counted_from_one()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: TimeSpan.Zero);

        schedule.NextWait(RedialCause.Local, hint: null, At(60));
        int afterTheLoss = schedule.Failures;
        schedule.NextWait(RedialCause.Failure, hint: null, At(61));

        Assert.Equal(0, afterTheLoss);
        Assert.Equal(1, schedule.Failures);
    }

    [Fact]
    public void One_life_counts_for_one_loss()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: TimeSpan.Zero);
        schedule.NextWait(RedialCause.Loss, hint: null, At(60));

        double[] bounds = [.. Enumerable.Range(0, 3).Select(_ => schedule.NextWait(RedialCause.Failure, hint: null, At(3_600)).TotalSeconds * 2)];

        Assert.Equal([0.5, 1, 2], bounds);
    }

    [Fact]
    public void A_server_that_keeps_draining_is_given_the_longer_of_spread_and_back_off()
    {
        RedialSchedule longBackoff = Failing(5, new FixedJitter(0.5));
        RedialSchedule longSpread = Failing(5, new FixedJitter(0.5));
        longSpread.Spread = Seconds(100);

        Assert.Equal(Seconds(8), longBackoff.NextWait(RedialCause.Spread, hint: null, At(0)));
        Assert.Equal(Seconds(50), longSpread.NextWait(RedialCause.Spread, hint: null, At(0)));
    }

    [Fact]
    public void A_local_cause_after_failures_keeps_the_back_off()
    {
        RedialSchedule schedule = Failing(3, new FixedJitter(0.5));

        Assert.Equal(Seconds(1), schedule.NextWait(RedialCause.Local, hint: null, At(0)));
    }

    [Fact]
    public void A_refused_client_tries_again_after_5_min_give_or_take_half()
    {
        double[] minutes = [.. Enumerable.Range(0, 2_000).Select(seed =>
            new RedialSchedule(s_options, new SeededJitter((ulong)seed)).NextWait(RedialCause.Refused, hint: null, At(0)).TotalMinutes)];

        Assert.All(minutes, wait => Assert.InRange(wait, 2.5, 7.5));
        Assert.InRange(minutes.Min(), 2.5, 2.6);
        Assert.InRange(minutes.Max(), 7.4, 7.5);
    }

    [Fact]
    public void A_client_that_is_refused_for_ever_neither_stops_nor_tries_more_often()
    {
        var schedule = new RedialSchedule(s_options, new FixedJitter(0.5));

        TimeSpan[] waits = [.. Enumerable.Range(0, 100).Select(_ => schedule.NextWait(RedialCause.Refused, hint: null, At(0)))];

        Assert.All(waits, wait => Assert.Equal(Minutes(5), wait));
        Assert.Equal(100, schedule.Failures);
    }

    [Fact]
    public void A_hint_is_waited_for_and_the_redials_after_it_are_spread()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: Seconds(10));

        Assert.Equal(Seconds(125), schedule.NextWait(RedialCause.Spread, Seconds(120), At(60)));
    }

    [Fact]
    public void A_hint_without_a_spread_is_still_drawn_over_the_first_wait()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: TimeSpan.Zero);

        Assert.Equal(Seconds(120.25), schedule.NextWait(RedialCause.Failure, Seconds(120), At(60)));
    }

    [Fact]
    public void A_hint_makes_even_a_local_redial_wait()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: TimeSpan.Zero);

        Assert.Equal(Seconds(7.25), schedule.NextWait(RedialCause.Local, Seconds(7), At(60)));
    }

    [Fact]
    public void A_hint_does_not_shorten_a_longer_back_off()
    {
        RedialSchedule failing = Failing(10, new FixedJitter(0.5));
        RedialSchedule refused = Failing(0, new FixedJitter(0.5));

        Assert.Equal(Seconds(15), failing.NextWait(RedialCause.Failure, TimeSpan.Zero, At(0)));
        Assert.Equal(Minutes(5), refused.NextWait(RedialCause.Refused, Seconds(1), At(0)));
    }

    [Fact]
    public void No_wait_is_shorter_than_its_hint() =>
        Prop.ForAll<(byte Cause, byte Failures, ushort HintSeconds), ulong>((happening, seed) =>
        {
            RedialSchedule schedule = Failing(happening.Failures, new SeededJitter(seed));
            return schedule.NextWait((RedialCause)(happening.Cause % 5), Seconds(happening.HintSeconds), At(0)) >= Seconds(happening.HintSeconds);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_hinted_failure_counts_as_one()
    {
        var schedule = new RedialSchedule(s_options, new FixedJitter(0.5));

        schedule.NextWait(RedialCause.Failure, Seconds(1), At(0));

        Assert.Equal(1, schedule.Failures);
    }

    [Fact]
    public void A_reset_forgets_all_failures()
    {
        RedialSchedule schedule = Failing(10, new FixedJitter(0.5));

        schedule.Reset();

        Assert.Equal(0, schedule.Failures);
        Assert.Equal(TimeSpan.Zero, schedule.NextWait(RedialCause.Local, hint: null, At(0)));
    }

    [Fact]
    public void The_spread_that_the_server_told_last_counts()
    {
        RedialSchedule schedule = UpFor(Minutes(1), new FixedJitter(0.5), spread: Seconds(10));

        schedule.Spread = Seconds(40);

        Assert.Equal(Seconds(20), schedule.NextWait(RedialCause.Spread, hint: null, At(60)));
    }

    private static RedialSchedule UpFor(TimeSpan life, IJitter jitter, TimeSpan spread)
    {
        var schedule = new RedialSchedule(s_options, jitter) { Spread = spread };
        schedule.Connected(At(60) - life);
        return schedule;
    }

    /// <summary>A schedule whose dials have failed so often, in an outage so long that it does not bound the wait.</summary>
    private static RedialSchedule Failing(int times, IJitter jitter)
    {
        var schedule = new RedialSchedule(s_options, jitter) { Spread = TimeSpan.Zero };
        schedule.Connected(At(-2_000));
        schedule.NextWait(RedialCause.Loss, hint: null, At(-1_000));
        for (int i = 0; i < times; i++) { schedule.NextWait(RedialCause.Failure, hint: null, At(0)); }
        return schedule;
    }

    /// <summary>Redials while dials are refused.</summary>
    /// <returns>How long after the loss the first dial is that is not.</returns>
    private static TimeSpan BackAfter(TimeSpan refused, TimeSpan spread, ulong seed, out int dials)
    {
        RedialSchedule schedule = UpFor(Minutes(1), new SeededJitter(seed), spread);
        TimeSpan after = schedule.NextWait(RedialCause.Loss, hint: null, At(60));
        for (dials = 1; after < refused; dials++) { after += schedule.NextWait(RedialCause.Failure, hint: null, At(60) + after); }
        return after;
    }

    private static double BoundAfterLife(RedialSchedule schedule, RedialCause cause, double seconds)
    {
        schedule.Connected(At(0));
        return schedule.NextWait(cause, hint: null, At(seconds)).TotalSeconds * 2;
    }
}
