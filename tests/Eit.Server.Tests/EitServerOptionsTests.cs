namespace Eit.Server.Tests;

public class EitServerOptionsTests
{
    public static TheoryData<string, Action<EitServerOptions>> Mistakes => new()
    {
        { "ClientTimeoutMin (00:00:00) must be at least 100 ms.", options => options.ClientTimeoutMin = TimeSpan.Zero },
        { "Encoding (7) must be Json or Binary, or null for both.", options => options.Encoding = (Protocol.Wire.WireEncoding)7 },
        { "ClientTimeoutMin (00:06:00) must not exceed ClientTimeoutMax (00:05:00).", options => options.ClientTimeoutMin = TimeSpan.FromMinutes(6) },
        { "ClientTimeoutMax (02:00:00) must be at most 1 h.", options => options.ClientTimeoutMax = TimeSpan.FromHours(2) },
        { "HelloLimit (00:02:00) must be 100 ms to 1 min.", options => options.HelloLimit = TimeSpan.FromMinutes(2) },
        { "PlainClientTimeout (00:00:00.5000000) must be 1 s to 1 h.", options => options.PlainClientTimeout = TimeSpan.FromMilliseconds(500) },
        { "TransportsWithoutHelloMax (0) must be 1 to 1,000,000.", options => options.TransportsWithoutHelloMax = 0 },
        { "TransportsWithoutHelloPerPrincipalMax (0) must be 1 to 1,000,000.", options => options.TransportsWithoutHelloPerPrincipalMax = 0 },
        { "TransportsWithoutHelloPerAddressMax (0) must be 1 to 1,000,000.", options => options.TransportsWithoutHelloPerAddressMax = 0 },
        { "AcceptsPerSecond (0) must be 1 to 1,000,000.", options => options.AcceptsPerSecond = 0 },
        { "SpreadMin (00:02:00) must be 0 to SpreadMax (00:01:00).", options => options.SpreadMin = TimeSpan.FromMinutes(2) },
        { "SpreadMax (01:00:00) must be at most 10 min.", options => options.SpreadMax = TimeSpan.FromHours(1) },
        { "DrainWindow (-00:00:01) must be 0 to 10 min.", options => options.DrainWindow = TimeSpan.FromSeconds(-1) },
        { "AllowedOrigins has app.example, which is not an origin such as https://app.example, a pattern such as https://*.app.example, or null for pages without an origin.", options => options.AllowedOrigins.Add("app.example") },
        { "AllowedOrigins has https://app.example/path, which is not an origin such as https://app.example, a pattern such as https://*.app.example, or null for pages without an origin.", options => options.AllowedOrigins.Add("https://app.example/path") },
        { "Session:WindowBytes (1048575) must be at least MessageBytesMax (1048576), or the largest message could never be sent.", options => options.Session.WindowBytes = 1_048_575 },
        { "Channels:HandlerTimeout (00:00:00) must be 100 ms to 24 h.", options => options.Channels.HandlerTimeout = TimeSpan.Zero },
        { "Channels:PostedMax (0) must be 1 to 1,000,000.", options => options.Channels.PostedMax = 0 },
        { "Channels:TimeoutsMax (0) must be 1 to 100,000,000.", options => options.Channels.TimeoutsMax = 0 },
        { "Limits:SessionsMax (0) must be at least 1.", options => options.Limits.SessionsMax = 0 },
    };

    [Fact]
    public void Nothing_has_to_be_set()
    {
        Assert.Empty(new EitServerOptions().Faults());
    }

    [Theory, MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_is_named_with_its_path_its_value_and_what_would_be_right(string message, Action<EitServerOptions> mistake)
    {
        var options = new EitServerOptions();

        mistake(options);

        Assert.Equal($"EitServer:{message}", Assert.Single(options.Faults()));
    }
}
