using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class CloseCodesTests
{
    [Fact, Clause("C1.1")]
    public void The_range_of_a_close_code_tells_what_to_do()
    {
        (int First, int Last, bool Lives, bool Redials, bool NewInstance, RedialCause When)[] ranges =
        [
            (0, 3999, true, true, false, RedialCause.Loss),
            (4000, 4099, false, false, false, RedialCause.Loss),
            (4100, 4101, true, true, false, RedialCause.Local),
            (4102, 4102, true, true, false, RedialCause.Expired),
            (4103, 4199, true, true, false, RedialCause.Local),
            (4200, 4299, true, true, false, RedialCause.Spread),
            (4300, 4399, false, true, false, RedialCause.Local),
            (4400, 4499, false, true, false, RedialCause.Spread),
            (4500, 4599, false, true, false, RedialCause.Failure),
            (4600, 4699, false, true, false, RedialCause.Refused),
            (4700, 4799, false, true, true, RedialCause.Failure),
            (4800, 65_535, true, true, false, RedialCause.Loss),
        ];
        var codes = ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1).Select(number => (Code: (CloseCode)number, Range: range)));

        Assert.Equal(65_536, codes.Count());
        foreach ((CloseCode code, var range) in codes)
        {
            var actual = (CloseCodes.SessionLives(code), CloseCodes.MayRedial(code), CloseCodes.NeedsNewInstance(code), CloseCodes.RedialCauseOf(code));
            Assert.True((range.Lives, range.Redials, range.NewInstance, range.When) == actual, $"{code}: {actual}");
        }
    }

    [Fact, Clause("C1.1")]
    public void Each_code_has_the_number_that_the_protocol_gives_it()
    {
        Dictionary<CloseCode, int> numbers = new()
        {
            [CloseCode.Lost] = 1006,
            [CloseCode.Closed] = 4000,
            [CloseCode.Timeout] = 4100,
            [CloseCode.Cycled] = 4101,
            [CloseCode.Expired] = 4102,
            [CloseCode.Detached] = 4103,
            [CloseCode.Stalled] = 4104,
            [CloseCode.SlowConsumer] = 4105,
            [CloseCode.Overloaded] = 4200,
            [CloseCode.Unauthorized] = 4201,
            [CloseCode.TooManyRequests] = 4202,
            [CloseCode.Unavailable] = 4203,
            [CloseCode.Moved] = 4300,
            [CloseCode.SessionLost] = 4301,
            [CloseCode.Draining] = 4400,
            [CloseCode.Full] = 4401,
            [CloseCode.TooSlow] = 4402,
            [CloseCode.Malformed] = 4500,
            [CloseCode.BadState] = 4501,
            [CloseCode.BadNumber] = 4502,
            [CloseCode.BadAck] = 4503,
            [CloseCode.BadPiece] = 4504,
            [CloseCode.CreditExceeded] = 4505,
            [CloseCode.TooLarge] = 4506,
            [CloseCode.MessageTooLarge] = 4507,
            [CloseCode.HelloTimeout] = 4508,
            [CloseCode.HandlerFailed] = 4509,
            [CloseCode.Unfinished] = 4510,
            [CloseCode.Forbidden] = 4600,
            [CloseCode.Superseded] = 4700,
            [CloseCode.StaleEpoch] = 4701,
            [CloseCode.BadProof] = 4702,
            [CloseCode.OtherPrincipal] = 4703,
        };

        Assert.All(numbers, pair => Assert.Equal(pair.Value, (int)pair.Key));
        Assert.Equal(Enum.GetValues<CloseCode>().Order(), numbers.Keys.Order());
    }

    [Fact]
    public void A_reason_is_printable_ascii()
    {
        Assert.Equal("done ~", CloseCodes.ToReason("done ~"));
        Assert.Equal("a?b?c?", CloseCodes.ToReason("a\nb\0c\u007f"));
        Assert.Equal("tsch?? ??", CloseCodes.ToReason("tschüß 😀"));
        Assert.Equal("??", CloseCodes.ToReason("\ud800\udfff"));
        Assert.Equal("", CloseCodes.ToReason(""));
    }

    [Fact]
    public void A_reason_has_at_most_123_characters()
    {
        Assert.Equal(new string('x', 123), CloseCodes.ToReason(new string('x', 123)));
        Assert.Equal(new string('x', 123), CloseCodes.ToReason(new string('x', 124)));
        Assert.Equal(123, CloseCodes.ToReason(new string('€', 1_000)).Length);
        Assert.Throws<ArgumentNullException>(() => CloseCodes.ToReason(null!));
    }
}
