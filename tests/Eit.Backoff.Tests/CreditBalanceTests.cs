using FsCheck;
using FsCheck.Fluent;

namespace Eit.Backoff.Tests;

public class CreditBalanceTests
{
    [Fact]
    public void Without_an_announcement_nothing_may_be_sent()
    {
        var balance = new CreditBalance();

        Assert.False(balance.Allows(0, isUrgent: true));
        Assert.Equal((0, 0), (balance.MessagesLimit, balance.BytesLimit));
    }

    [Fact]
    public void Messages_and_bytes_are_both_needed()
    {
        var balance = new CreditBalance();
        balance.Announced(messages: 2, bytes: 100);

        balance.Charge(60);

        Assert.Equal((1, 60), (balance.MessagesSpent, balance.BytesSpent));
        Assert.True(balance.Allows(40, isUrgent: true));
        Assert.False(balance.Allows(41, isUrgent: true));
        balance.Charge(0);
        Assert.False(balance.Allows(0, isUrgent: true));
    }

    [Fact]
    public void A_message_as_large_as_the_credit_may_be_sent()
    {
        var balance = new CreditBalance();

        balance.Announced(messages: 1, bytes: 100);

        Assert.True(balance.Allows(100, isUrgent: true));
        Assert.False(balance.Allows(101, isUrgent: true));
    }

    [Fact]
    public void A_lower_announcement_changes_nothing()
    {
        var balance = new CreditBalance();
        balance.Announced(messages: 10, bytes: 100);

        balance.Announced(messages: 9, bytes: 200);
        balance.Announced(messages: 0, bytes: 0);

        Assert.Equal((10, 200), (balance.MessagesLimit, balance.BytesLimit));
    }

    [Fact]
    public void The_order_and_the_repetition_of_announcements_do_not_matter() =>
        Prop.ForAll<(uint Messages, uint Bytes)[]>(announcements =>
        {
            CreditBalance straight = new(), reversedTwice = new();
            foreach ((uint messages, uint bytes) in announcements) { straight.Announced(messages, bytes); }
            foreach ((uint messages, uint bytes) in announcements.Reverse().Concat(announcements)) { reversedTwice.Announced(messages, bytes); }
            return (straight.MessagesLimit, straight.BytesLimit) == (reversedTwice.MessagesLimit, reversedTwice.BytesLimit);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_sender_that_keeps_to_its_balance_is_never_refused_by_the_receiver() =>
        Prop.ForAll<(byte Act, byte Bytes)[]>(steps =>
        {
            var grant = new CreditGrant(3, 400, 3, 400, new RoundTripEstimate());
            var balance = new CreditBalance();
            var wire = new Queue<byte>();
            var held = new Queue<byte>();
            foreach ((byte act, byte bytes) in steps)
            {
                switch (act % 4)
                {
                    case 0 when balance.Allows(bytes, isUrgent: true):
                        balance.Charge(bytes);
                        wire.Enqueue(bytes);
                        break;
                    case 1 when wire.TryDequeue(out byte arrived):
                        if (!grant.TryCharge(arrived)) { return false; }
                        held.Enqueue(arrived);
                        break;
                    case 2 when held.TryDequeue(out byte done):
                        grant.Return(done, Instant.Zero);
                        break;
                    default:
                        balance.Announced(grant.MessagesLimit, grant.BytesLimit);
                        break;
                }
            }
            return balance.MessagesSpent <= grant.MessagesLimit && balance.BytesSpent <= grant.BytesLimit;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(300));

    [Fact]
    public void A_sixteenth_of_the_first_limits_is_kept_for_what_is_urgent()
    {
        var balance = new CreditBalance();
        balance.Announced(messages: 32, bytes: 1_600);
        balance.Announced(messages: 40, bytes: 2_000);

        for (int i = 0; i < 37; i++) { balance.Charge(50); }

        Assert.Equal((true, false), (balance.Allows(50, isUrgent: false), balance.Allows(51, isUrgent: false)));
        balance.Charge(0);
        Assert.Equal((false, true), (balance.Allows(0, isUrgent: false), balance.Allows(150, isUrgent: true)));
    }

    [Fact]
    public void A_message_that_does_not_fit_beside_the_reserve_may_use_it()
    {
        var balance = new CreditBalance();
        balance.Announced(messages: 32, bytes: 1_600);

        Assert.True(balance.Allows(1_600, isUrgent: false));
        balance.Charge(1);

        Assert.False(balance.Allows(1_600, isUrgent: false));
        Assert.True(balance.Allows(1_499, isUrgent: false));
        Assert.False(balance.Allows(1_500, isUrgent: false));
    }
}
