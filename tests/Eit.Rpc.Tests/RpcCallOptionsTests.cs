namespace Eit.Rpc.Tests;

public class RpcCallOptionsTests
{
    public static TheoryData<TimeSpan> Wrong => [TimeSpan.MinValue, TimeSpan.FromMilliseconds(-2), TimeSpan.FromHours(25)];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_time_for_a_call_that_can_not_be_is_refused_when_it_is_set(TimeSpan time) =>
        Assert.Contains("24 h", Assert.Throws<ArgumentOutOfRangeException>(() => new RpcCallOptions { Timeout = time }).Message, StringComparison.Ordinal);

    [Fact]
    public void The_longest_time_is_no_limit() =>
        Assert.Equal(Timeout.InfiniteTimeSpan, new RpcCallOptions { Timeout = TimeSpan.MaxValue }.Timeout);
}
