using FsCheck;
using FsCheck.Fluent;

namespace Eit.Backoff.Tests;

public class CreditGrantTests
{
    [Fact]
    public void The_first_limits_are_the_windows()
    {
        var grant = new CreditGrant(messagesMax: 3, bytesMax: 100);

        Assert.Equal((3, 100), (grant.MessagesLimit, grant.BytesLimit));
        Assert.Equal((0, 0), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void A_message_beyond_the_count_has_no_credit()
    {
        var grant = new CreditGrant(messagesMax: 2, bytesMax: 100);

        bool[] charged = [grant.TryCharge(1), grant.TryCharge(1), grant.TryCharge(0)];

        Assert.Equal([true, true, false], charged);
        Assert.Equal((2, 2), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void A_byte_beyond_the_bytes_has_no_credit()
    {
        var grant = new CreditGrant(messagesMax: 10, bytesMax: 100);

        bool[] charged = [grant.TryCharge(99), grant.TryCharge(2), grant.TryCharge(1), grant.TryCharge(0)];

        Assert.Equal([true, false, true, true], charged);
        Assert.Equal((3, 100), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void What_was_refused_is_not_charged()
    {
        var grant = new CreditGrant(messagesMax: 10, bytesMax: 100);

        grant.TryCharge(101);

        Assert.Equal((0, 0), (grant.MessagesHeld, grant.BytesHeld));
    }

    [Fact]
    public void A_processed_message_moves_the_limits_on()
    {
        var grant = new CreditGrant(messagesMax: 1, bytesMax: 100);
        grant.TryCharge(60);

        grant.Return(60);

        Assert.Equal((2, 160), (grant.MessagesLimit, grant.BytesLimit));
        Assert.Equal((0, 0), (grant.MessagesHeld, grant.BytesHeld));
        Assert.True(grant.TryCharge(100));
    }

    [Fact]
    public void Limits_never_fall_and_what_is_held_never_exceeds_the_windows() =>
        Prop.ForAll<(bool IsArrival, byte Bytes)[]>(steps =>
        {
            var grant = new CreditGrant(messagesMax: 4, bytesMax: 300);
            var held = new Queue<byte>();
            (long Messages, long Bytes) limit = (4, 300);
            foreach ((bool isArrival, byte bytes) in steps)
            {
                if (isArrival && grant.TryCharge(bytes)) { held.Enqueue(bytes); }
                if (!isArrival && held.TryDequeue(out byte done)) { grant.Return(done); }
                if (grant.MessagesLimit < limit.Messages || grant.BytesLimit < limit.Bytes) { return false; }
                if (grant.MessagesHeld > 4 || grant.BytesHeld > 300) { return false; }
                if (grant.MessagesHeld != held.Count || grant.BytesHeld != held.Sum(one => one)) { return false; }
                limit = (grant.MessagesLimit, grant.BytesLimit);
            }
            return true;
        }).QuickCheckThrowOnFailure();
}
