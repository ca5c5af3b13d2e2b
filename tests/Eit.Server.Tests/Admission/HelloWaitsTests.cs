namespace Eit.Server.Tests.Admission;

public sealed class HelloWaitsTests
{
    [Fact]
    public void Transports_without_hello_are_bounded_in_all_and_for_each_principal_and_address()
    {
        var waits = new HelloWaits(new EitServerOptions { TransportsWithoutHelloMax = 5, TransportsWithoutHelloPerPrincipalMax = 2, TransportsWithoutHelloPerAddressMax = 3 });

        string?[] refused = [.. new[] { ("ada", "::1"), ("ada", "::1"), ("ada", "::2"), ("bob", "::1"), ("eve", "::1"), (null, "::2"), (null, "::2"), ("ann", "::3") }.Select(who => waits.TryEnter(who.Item1, who.Item2))];

        Assert.Equal([true, true, false, true, false, true, true, false], refused.Select(static why => why is null));
        Assert.Contains("PerPrincipalMax", refused[2], StringComparison.Ordinal);
        Assert.Contains("PerAddressMax", refused[4], StringComparison.Ordinal);
        Assert.Contains("TransportsWithoutHelloMax", refused[7], StringComparison.Ordinal);
        Assert.Equal(5, waits.Count);
    }

    [Fact]
    public void Who_has_said_hello_makes_room_for_another()
    {
        var waits = new HelloWaits(new EitServerOptions { TransportsWithoutHelloPerPrincipalMax = 1 });
        waits.TryEnter("ada", "::1");

        waits.Leave("ada", "::1");

        Assert.Null(waits.TryEnter("ada", "::1"));
        Assert.Equal(1, waits.Count);
    }
}
