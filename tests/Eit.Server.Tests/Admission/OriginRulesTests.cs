namespace Eit.Server.Tests.Admission;

public sealed class OriginRulesTests
{
    [Theory]
    [InlineData("https://app.example", "https://app.example", true)]
    [InlineData("https://app.example/", "https://app.example", true)]
    [InlineData("https://app.example:443", "https://app.example", true)]
    [InlineData("https://APP.example", "https://app.example", true)]
    [InlineData("https://bücher.example", "https://xn--bcher-kva.example", true)]
    [InlineData("https://app.example", "https://app.example:8443", false)]
    [InlineData("https://app.example", "http://app.example", false)]
    [InlineData("https://app.example", "https://app.example.evil.example", false)]
    [InlineData("https://app.example", "https://evil.example#https://app.example", false)]
    [InlineData("https://app.example", "https://ada@app.example", false)]
    [InlineData("https://app.example", "https://app.example, https://evil.example", false)]
    [InlineData("https://*.app.example", "https://pr-1.app.example", true)]
    [InlineData("https://*.app.example", "https://a.b.app.example", true)]
    [InlineData("https://*.app.example", "https://app.example", false)]
    [InlineData("https://*.app.example", "https://evilapp.example", false)]
    [InlineData("https://*.app.example", "https://.app.example", false)]
    [InlineData("https://*.app.example:8443", "https://a.app.example:8443", true)]
    [InlineData("https://*.app.example", "https://a.app.example:8443", false)]
    [InlineData("null", "null", true)]
    [InlineData("https://app.example", "null", false)]
    [InlineData("capacitor://localhost", "capacitor://localhost", true)]
    [InlineData("tauri://localhost", "tauri://localhost", true)]
    [InlineData("file://", "file://", true)]
    public void A_rule_covers_what_a_browser_sends_for_it_and_nothing_else(string rule, string sent, bool isAllowed)
    {
        WebOrigin? origin = WebOrigin.TryParse(sent, out WebOrigin? read) ? read : null;

        Assert.Null(OriginRules.FaultOf(rule));
        Assert.Equal(isAllowed, new OriginRules([rule], allows: null).Allow(sent, origin));
    }

    [Theory]
    [InlineData("app.example")]
    [InlineData("https://app.example/path")]
    [InlineData("https://*")]
    [InlineData("https://*.")]
    [InlineData("*")]
    [InlineData("https://a.*.example")]
    [InlineData("https://app.example?x")]
    [InlineData("https://ada@app.example")]
    [InlineData("")]
    public void What_is_no_rule_is_said_to_be_none(string text)
    {
        Assert.Contains("is not an origin such as https://app.example", OriginRules.FaultOf(text), StringComparison.Ordinal);
    }

    [Fact]
    public void The_application_may_decide_by_itself_about_what_is_not_listed()
    {
        var rules = new OriginRules(["https://app.example"], static origin => origin.EndsWith('!'));

        Assert.Equal([true, false], new[] { "strange!", "strange" }.Select(text => rules.Allow(text, origin: null)));
    }
}
