using FsCheck;
using FsCheck.Fluent;
using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class AckScheduleTests
{
    [Fact]
    public void Without_anything_received_nothing_is_owed_or_due()
    {
        var schedule = new AckSchedule(Seconds(0.05));

        Assert.False(schedule.IsOwed);
        Assert.False(schedule.IsDue(At(1_000)));
        Assert.Equal(Instant.Never, schedule.NextDeadline);
    }

    [Fact]
    public void What_was_received_is_acknowledged_after_the_delay_of_the_first()
    {
        var schedule = new AckSchedule(Seconds(0.05));

        schedule.Owe(messages: 1, bytes: 100, At(1));
        schedule.Owe(messages: 1, bytes: 100, At(1.04));

        Assert.True(schedule.IsOwed);
        Assert.Equal(At(1.05), schedule.NextDeadline);
        Assert.False(schedule.IsDue(At(1.0499)));
        Assert.True(schedule.IsDue(At(1.05)));
    }

    [Fact]
    public void Enough_messages_are_acknowledged_at_once()
    {
        var schedule = new AckSchedule(Seconds(0.05)) { MessagesMax = 3 };

        schedule.Owe(messages: 2, bytes: 0, At(1));
        bool before = schedule.IsDue(At(1));
        schedule.Owe(messages: 1, bytes: 0, At(1.01));

        Assert.False(before);
        Assert.True(schedule.IsDue(At(1.01)));
        Assert.Equal(At(1.01), schedule.NextDeadline);
    }

    [Fact]
    public void Enough_bytes_are_acknowledged_at_once()
    {
        var schedule = new AckSchedule(Seconds(0.05)) { BytesMax = 1_000 };

        schedule.Owe(messages: 1, bytes: 999, At(1));
        bool before = schedule.IsDue(At(1));
        schedule.Owe(messages: 1, bytes: 1, At(1.01));

        Assert.False(before);
        Assert.True(schedule.IsDue(At(1.01)));
        Assert.Equal(At(1.01), schedule.NextDeadline);
    }

    [Fact]
    public void What_can_not_wait_is_due_at_once_and_brings_the_deadline_forward()
    {
        var alone = new AckSchedule(Seconds(0.05));
        var behind = new AckSchedule(Seconds(0.05));
        behind.Owe(messages: 1, bytes: 1, At(1));

        alone.OweNow(At(1.01));
        behind.OweNow(At(1.01));

        Assert.All([alone, behind], schedule => Assert.True(schedule.IsOwed && schedule.IsDue(At(1.01)) && schedule.NextDeadline == At(1.01)));
    }

    [Fact]
    public void What_can_not_wait_does_not_put_an_earlier_deadline_off()
    {
        var schedule = new AckSchedule(Seconds(0.05));
        schedule.Owe(messages: 1, bytes: 1, At(1));

        schedule.OweNow(At(2));

        Assert.Equal(At(1.05), schedule.NextDeadline);
    }

    [Fact]
    public void An_acknowledgement_that_has_left_pays_for_all()
    {
        var schedule = new AckSchedule(Seconds(0.05)) { MessagesMax = 2, BytesMax = 100 };
        schedule.Owe(messages: 1, bytes: 99, At(1));
        schedule.OweNow(At(1));

        schedule.Paid();
        bool isOwedAfterwards = schedule.IsOwed;
        bool isDueAfterwards = schedule.IsDue(At(9));
        schedule.Owe(messages: 1, bytes: 99, At(2));

        Assert.False(isOwedAfterwards);
        Assert.False(isDueAfterwards);
        Assert.False(schedule.IsDue(At(2.049)));
        Assert.Equal(At(2.05), schedule.NextDeadline);
    }

    [Fact]
    public void It_is_due_exactly_from_its_deadline_on() =>
        Prop.ForAll<NonEmptyArray<(byte Messages, ushort Bytes, byte LaterMs)>, byte>((arrivals, askedMs) =>
        {
            var schedule = new AckSchedule(Seconds(0.05)) { MessagesMax = 300, BytesMax = 40_000 };
            Instant now = At(1);
            foreach ((byte messages, ushort bytes, byte laterMs) in arrivals.Get)
            {
                now += TimeSpan.FromMilliseconds(laterMs % 8);
                schedule.Owe(messages, bytes, now);
            }
            Instant asked = now + TimeSpan.FromMilliseconds(askedMs);
            return schedule.IsDue(asked) == (asked >= schedule.NextDeadline) && schedule.NextDeadline <= now + Seconds(0.05);
        }).QuickCheckThrowOnFailure();
}
