using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class RefusalReasonTests
{
    [Theory, Clause("A2.5")]
    [InlineData(null, "The server is full.")]
    [InlineData(0.0, "retry-after=0; The server is full.")]
    [InlineData(1.2, "retry-after=2; The server is full.")]
    [InlineData(1e9, "retry-after=3600; The server is full.")]
    public void The_wait_stands_before_the_words_of_a_refusal(double? seconds, string reason)
    {
        TimeSpan? wait = seconds is { } known ? TimeSpan.FromSeconds(known) : null;

        Assert.Equal(reason, RefusalReason.Of("The server is full.", wait));
        Assert.Equal(wait is null ? null : TimeSpan.FromSeconds(Math.Min(3600, Math.Ceiling(seconds!.Value))), RefusalReason.RetryAfterOf(reason));
    }

    [Theory, Clause("A2.5")]
    [InlineData("")]
    [InlineData("retry-after=")]
    [InlineData("retry-after=;")]
    [InlineData("retry-after=5")]
    [InlineData("retry-after=-5; x")]
    [InlineData("retry-after=+5; x")]
    [InlineData("retry-after= 5; x")]
    [InlineData("retry-after=5.5; x")]
    [InlineData("retry-after=9999999999; x")]
    [InlineData("x; retry-after=5;")]
    public void What_is_no_wait_is_words(string reason)
    {
        Assert.Null(RefusalReason.RetryAfterOf(reason));
    }

    [Fact, Clause("A2.5")]
    public void A_wait_that_a_server_tells_is_an_hour_at_most()
    {
        Assert.Equal(TimeSpan.FromHours(1), RefusalReason.RetryAfterOf("retry-after=999999999; x"));
    }
}
