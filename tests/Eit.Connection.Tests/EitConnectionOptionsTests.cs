namespace Eit.Connection.Tests;

public class EitConnectionOptionsTests
{
    public static TheoryData<string, Action<EitConnectionOptions>> Mistakes => new()
    {
        { "Url must be an absolute address, wss://host/path.", options => options.Url = null },
        { "Url must be an absolute address, wss://host/path.", options => options.Url = new Uri("/eit", UriKind.Relative) },
        { "Url (ws://host/eit) is not encrypted: use wss://, or set AllowUnencryptedForDevelopment.", options => options.Url = new Uri("ws://host/eit") },
        { "Url (https://host/eit) must begin with wss://.", options => options.Url = new Uri("https://host/eit") },
        { "Encoding (7) must be Json or Binary, or null for both.", options => options.Encoding = (Protocol.Wire.WireEncoding)7 },
        { "TokenLimit (00:00:00) must be 100 ms to 5 min.", options => options.TokenLimit = TimeSpan.Zero },
        { "DialLimit (00:06:00) must be 100 ms to 5 min.", options => options.DialLimit = TimeSpan.FromMinutes(6) },
        { "StartLimit (02:00:00) must be 100 ms to 1 h.", options => options.StartLimit = TimeSpan.FromHours(2) },
        { "CloseLimit (-00:00:01) must be 0 to 5 min.", options => options.CloseLimit = TimeSpan.FromSeconds(-1) },
        { "PinnedCertificateSha256 must be 64 hexadecimal digits.", options => options.PinnedCertificateSha256 = "12:34" },
        { "PinnedCertificateSha256 and CertificateValidation exclude each other.", options => (options.PinnedCertificateSha256, options.CertificateValidation) = (new string('a', 64), static (_, certificate, _, _) => certificate is null) },
        { "Session:Timeout (00:00:00.5000000) must be 1 s to 5 min.", options => options.Session.Timeout = TimeSpan.FromMilliseconds(500) },
        { "Redial:FirstWait (00:01:00) must not exceed LongestWait (00:00:30).", options => options.Redial.FirstWait = TimeSpan.FromMinutes(1) },
        { "Cycle:Earliest (00:20:00) must not exceed Latest (00:15:00).", options => options.Cycle.Earliest = TimeSpan.FromMinutes(20) },
    };

    [Fact]
    public void An_address_is_all_that_is_needed()
    {
        Assert.Empty(Valid().Faults());
        Assert.Empty(new EitConnectionOptions { Url = new Uri("ws://host/eit"), AllowUnencryptedForDevelopment = true }.Faults());
    }

    [Theory, MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_is_named_with_its_path_its_value_and_what_would_be_right(string message, Action<EitConnectionOptions> mistake)
    {
        EitConnectionOptions options = Valid();

        mistake(options);

        Assert.Equal($"App:{message}", Assert.Single(options.Faults("App")));
        Assert.Contains($"Eit:{message}", Assert.Throws<ArgumentException>(() => new EitConnection(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mistake_is_named_at_once()
    {
        var options = new EitConnectionOptions { DialLimit = TimeSpan.Zero, CloseLimit = TimeSpan.FromDays(1) };

        string message = Assert.Throws<ArgumentException>(() => new EitConnection(options)).Message;

        Assert.All(["Eit:Url", "Eit:DialLimit", "Eit:CloseLimit"], name => Assert.Contains(name, message, StringComparison.Ordinal));
    }

    private static EitConnectionOptions Valid() => new() { Url = new Uri("wss://host/eit") };
}
