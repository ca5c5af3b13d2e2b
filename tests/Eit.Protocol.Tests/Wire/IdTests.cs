using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class IdTests
{
    [Theory]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("ffffffffffffffffffffffffffffffff")]
    public void Ids_are_32_lower_case_hexadecimal_digits(string text)
    {
        bool areRead = InstanceId.TryParse(text, out InstanceId instance) & SessionId.TryParse(text, out SessionId session);

        Assert.True(areRead);
        Assert.Equal((text, text), (instance.ToString(), session.ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcde")]
    [InlineData("0123456789abcdef0123456789abcdef0")]
    [InlineData("0123456789ABCDEF0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdeg")]
    [InlineData(" 123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcde\n")]
    [InlineData("0x23456789abcdef0123456789abcdef")]
    [InlineData("01234567-89ab-cdef-0123-456789ab")]
    [InlineData("０123456789abcdef0123456789abcdef")]
    public void Nothing_else_is_an_id(string? text)
    {
        Assert.False(InstanceId.TryParse(text, out InstanceId instance));
        Assert.False(SessionId.TryParse(text, out SessionId session));
        Assert.Equal((default, default), (instance, session));
    }
}
