namespace Eit.Link.Tests;

public sealed class PeerTextTests
{
    [Theory, Clause("A1.7")]
    [InlineData("plain text, grüße, 日本語 🙂", "plain text, grüße, 日本語 🙂")]
    [InlineData("x\r2026-11-30 crit: admin logged in", "x\\u000D2026-11-30 crit: admin logged in")]
    [InlineData("\u001b[2J\u001b]0;owned\u0007", "\\u001B[2J\\u001B]0;owned\\u0007")]
    [InlineData("\u009b2J\u0085next", "\\u009B2J\\u0085next")]
    [InlineData("gnp.\u202egnp\u2066\u2069.exe\u200f", "gnp.\\u202Egnp\\u2066\\u2069.exe\u200f")]
    [InlineData("a\u2028b\u007f\0", "a\\u2028b\\u007F\\u0000")]
    [InlineData(null, "")]
    public void What_steers_a_terminal_or_turns_a_line_is_escaped_and_all_else_stays(string? said, string shown)
    {
        Assert.Equal(shown, PeerText.Harmless(said));
    }

    [Fact]
    public void A_long_text_is_cut()
    {
        Assert.Equal($"{new string('a', 500)}...", PeerText.Harmless(new string('a', 100_000)));
        Assert.Equal(new string('a', 500), PeerText.Harmless(new string('a', 500)));
    }
}
