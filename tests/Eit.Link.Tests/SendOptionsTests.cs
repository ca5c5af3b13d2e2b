namespace Eit.Link.Tests;

public class SendOptionsTests
{
    public static TheoryData<TimeSpan> Negative => [TimeSpan.MinValue, TimeSpan.FromMilliseconds(-2), TimeSpan.FromTicks(-1)];

    public static TheoryData<TimeSpan> Endless => [Timeout.InfiniteTimeSpan, TimeSpan.MaxValue, TimeSpan.FromDays(50)];

    [Theory]
    [MemberData(nameof(Negative))]
    public void A_negative_time_is_refused_when_it_is_set(TimeSpan time)
    {
        Assert.Equal("AcceptWithin", Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { AcceptWithin = time }).ParamName);
        Assert.Equal("CompleteWithin", Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { CompleteWithin = time }).ParamName);
        Assert.Equal("ExpiresAfter", Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { ExpiresAfter = time }).ParamName);
    }

    [Theory]
    [MemberData(nameof(Endless))]
    public void A_time_that_no_timer_can_take_is_none(TimeSpan time)
    {
        var options = new SendOptions { AcceptWithin = time, CompleteWithin = time, ExpiresAfter = time };

        Assert.Equal((Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, null), (options.AcceptWithin, options.CompleteWithin, options.ExpiresAfter));
    }

    [Fact]
    public void What_can_be_is_taken_as_it_is()
    {
        var options = new SendOptions { AcceptWithin = TimeSpan.Zero, CompleteWithin = TimeSpan.FromDays(49), ExpiresAfter = TimeSpan.FromHours(1) };

        Assert.Equal((TimeSpan.Zero, TimeSpan.FromDays(49), TimeSpan.FromHours(1)), (options.AcceptWithin, options.CompleteWithin, options.ExpiresAfter));
        Assert.Equal(TimeSpan.FromSeconds(60), new SendOptions().AcceptWithin);
    }
}
