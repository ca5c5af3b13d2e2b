using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class CreditGrantTests
{
    [Fact]
    public void The_first_limits_are_the_windows()
    {
        var grant = Fixed(messages: 3, bytes: 100);

        Assert.Equal((3, 100), (grant.MessagesLimit, grant.BytesLimit));
        Assert.Equal((0, 0), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void A_message_beyond_the_count_has_no_credit()
    {
        var grant = Fixed(messages: 2, bytes: 100);

        bool[] charged = [grant.TryCharge(1), grant.TryCharge(1), grant.TryCharge(0)];

        Assert.Equal([true, true, false], charged);
        Assert.Equal((2, 2), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void A_byte_beyond_the_bytes_has_no_credit()
    {
        var grant = Fixed(messages: 10, bytes: 100);

        bool[] charged = [grant.TryCharge(99), grant.TryCharge(2), grant.TryCharge(1), grant.TryCharge(0)];

        Assert.Equal([true, false, true, true], charged);
        Assert.Equal((3, 100), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void What_was_refused_is_not_charged()
    {
        var grant = Fixed(messages: 10, bytes: 100);

        grant.TryCharge(101);

        Assert.Equal((0, 0), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void A_processed_message_moves_the_limits_on()
    {
        var grant = Fixed(messages: 1, bytes: 100);
        grant.TryCharge(60);

        grant.Return(60, At(0));

        Assert.Equal((2, 160), (grant.MessagesLimit, grant.BytesLimit));
        Assert.Equal((0, 0), (grant.MessagesHeld, grant.BytesHeld));
        Assert.True(grant.TryCharge(100));
    }

    [Fact]
    public void Limits_never_fall_and_what_is_held_never_exceeds_the_windows() =>
        Prop.ForAll<(bool IsArrival, byte Bytes)[]>(steps =>
        {
            var grant = Fixed(messages: 4, bytes: 300);
            var held = new Queue<byte>();
            (long Messages, long Bytes) limit = (4, 300);
            foreach ((bool isArrival, byte bytes) in steps)
            {
                if (isArrival && grant.TryCharge(bytes)) { held.Enqueue(bytes); }
                if (!isArrival && held.TryDequeue(out byte done)) { grant.Return(done, At(0)); }
                if (grant.MessagesLimit < limit.Messages || grant.BytesLimit < limit.Bytes) { return false; }
                if (grant.MessagesHeld > 4 || grant.BytesHeld > 300) { return false; }
                if (grant.MessagesHeld != held.Count || grant.BytesHeld != held.Sum(one => one)) { return false; }
                limit = (grant.MessagesLimit, grant.BytesLimit);
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_windows_double_while_half_of_one_is_finished_within_two_round_trips()
    {
        CreditGrant grant = Growing(roundTripSeconds: 0.1);
        Finish(grant, messages: 8, At(10));
        Assert.Equal(16, grant.MessagesWindow);

        Finish(grant, messages: 7, At(10.1));
        Assert.Equal(16, grant.MessagesWindow);
        Finish(grant, messages: 1, At(10.2));
        Assert.Equal(32, grant.MessagesWindow);
        Assert.Equal(16 + 32, grant.MessagesLimit);
        Finish(grant, messages: 16, At(10.4));
        Finish(grant, messages: 32, At(10.5));

        Assert.Equal(64, grant.MessagesWindow);                    // The bound.
        Assert.Equal(1_000, grant.BytesWindow);
    }

    [Fact]
    public void The_windows_stay_while_the_application_is_slow()
    {
        CreditGrant grant = Growing(roundTripSeconds: 0.1);

        for (int i = 0; i < 100; i++) { Finish(grant, messages: 1, At(10 + (i * 0.026))); }

        Assert.Equal(16, grant.MessagesWindow);
    }

    [Fact]
    public void Bytes_grow_by_themselves()
    {
        CreditGrant grant = Growing(roundTripSeconds: 0.1);

        grant.Return(500, At(1));
        grant.Return(500, At(1.2));

        Assert.Equal((16, 2_000), (grant.MessagesWindow, grant.BytesWindow));
    }

    [Theory]
    [InlineData(0, 0.010, 32)]                                     // A near peer counts as 5 ms away,
    [InlineData(0, 0.011, 16)]
    [InlineData(-1, 0.100, 32)]                                    // an unknown one as 50 ms.
    [InlineData(-1, 0.101, 16)]
    public void A_round_trip_has_a_floor_and_a_default(double roundTripSeconds, double secondHalfAfter, long window)
    {
        CreditGrant grant = Growing(roundTripSeconds);
        Finish(grant, messages: 8, At(10));

        Finish(grant, messages: 8, At(10 + secondHalfAfter));

        Assert.Equal(window, grant.MessagesWindow);
    }

    private static CreditGrant Fixed(long messages, long bytes) => new(messages, bytes, messages, bytes, new RoundTripEstimate());

    private static CreditGrant Growing(double roundTripSeconds)
    {
        var roundTrip = new RoundTripEstimate();
        roundTrip.Add(Seconds(roundTripSeconds));
        return new CreditGrant(messages: 16, bytes: 1_000, messagesMax: 64, bytesMax: 4_000, roundTrip);
    }

    private static void Finish(CreditGrant grant, int messages, Instant at)
    {
        for (int i = 0; i < messages; i++) { grant.Return(0, at); }
    }
}
