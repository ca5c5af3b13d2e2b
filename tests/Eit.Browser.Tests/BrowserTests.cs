using System.Text.Json;
using Tables.Client;

namespace Eit.Browser.Tests;

public sealed class BrowserTests(Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task A_browser_npms_ws_and_an_eit_client_play_at_one_table()
    {
        await using TablesHost host = await TablesHost.StartAsync();
        await using BrowserPlayer ada = await browser.SitDownAsync(host, "ada");
        await ada.SeesAsync("ada sits down.");
        await using WsPlayer bob = await WsPlayer.SitDownAsync(host, "bob");
        await ada.SeesAsync("bob sits down.");
        await using EitPlayer eve = await EitPlayer.SitDownAsync(host, "eve");
        await ada.SeesAsync("eve sits down.");

        await ada.TakeAsync(3);
        await bob.SeesAsync("ada takes 3.");
        await bob.SendAsync("""{"take":2}""");
        await eve.SeesAsync("bob takes 2.");
        eve.Say("<b>héllo</b> ✓");
        eve.Take(1);
        await bob.SeesAsync("eve takes 1.");
        await bob.SendAsync("""{"take":1}""");
        await bob.SendAsync("no JSON");
        await bob.SeesAsync("""That is neither {"take":1} nor {"say":"up to 200 characters"}.""");
        await ada.SeesStonesAsync(15);
        await ada.SayAsync("that was all");
        await bob.SeesAsync("ada: that was all");
        await eve.SeesAsync("ada: that was all");
        await ada.SeesAsync("ada: that was all");

        string[] told = ["eve sits down.", "ada takes 3.", "bob takes 2.", "eve: <b>héllo</b> ✓", "eve takes 1.", "ada: that was all"];
        Assert.Equal(["ada sits down.", "bob sits down.", .. told], await ada.SeenAsync());
        Assert.Equal(["bob sits down.", .. told[..5], "It is ada's turn.", """That is neither {"take":1} nor {"say":"up to 200 characters"}.""", told[5]], bob.Seen);
        Assert.Equal(told, eve.Seen);
        Assert.Contains("open eit.plain", bob.Lines.All);
        await bob.LeaveAsync();
        await ada.SeesAsync("bob is gone.");
        await ada.SeesSeatsAsync("ada", "bob (away)", "eve");
    }

    [Fact]
    public async Task A_page_that_is_cut_off_dials_again_by_itself_and_finds_its_seat()
    {
        await using TablesHost host = await TablesHost.StartAsync();
        await using var relay = new FaultRelay(host.Address.Port);
        await using BrowserPlayer ada = await browser.SitDownAsync(host, "ada", port: relay.Port);
        await ada.SeesAsync("ada sits down.");
        await using EitPlayer eve = await EitPlayer.SitDownAsync(host, "eve");
        await ada.SeesAsync("eve sits down.");
        await ada.TakeAsync(1);
        await eve.SeesAsync("ada takes 1.");

        relay.Refuses = true;
        relay.CutAll();
        JsonElement gone = await eve.SeesAsync("ada is gone.");
        relay.Refuses = false;
        eve.Take(2);
        JsonElement back = await eve.SeesAsync("ada is back.");
        await ada.SeesStateAsync("Connected.");
        await ada.SeesStonesAsync(18);
        await ada.TakeAsync(3);
        await eve.SeesAsync("ada takes 3.");

        Assert.Equal(["ada away", "eve here"], EitPlayer.SeatsOf(gone));
        Assert.Equal(["ada here", "eve here"], EitPlayer.SeatsOf(back));
    }

    [Fact]
    public async Task An_eit_client_that_is_cut_off_stays_and_then_has_every_word_once()
    {
        await using TablesHost host = await TablesHost.StartAsync();
        await using var relay = new FaultRelay(host.Address.Port);
        await using BrowserPlayer ada = await browser.SitDownAsync(host, "ada");
        await ada.SeesAsync("ada sits down.");
        await using EitPlayer eve = await EitPlayer.SitDownAsync(host, "eve", port: relay.Port);
        await ada.SeesAsync("eve sits down.");

        relay.Refuses = true;
        relay.CutAll();
        await ada.SeesAsync("eve is out of reach.");
        await ada.SeesSeatsAsync("ada", "eve (away)");
        await ada.SayAsync("one");
        await ada.SeesAsync("ada: one");
        await ada.SayAsync("two");
        await ada.SeesAsync("ada: two");
        relay.Refuses = false;
        await ada.SeesAsync("eve is back.");
        await eve.SeesAsync("eve is back.");

        Assert.Equal(["eve sits down.", "eve is out of reach.", "ada: one", "ada: two", "eve is back."], eve.Seen);
    }

    [Fact]
    public async Task A_page_is_told_why_it_is_turned_away()
    {
        await using TablesHost host = await TablesHost.StartAsync(settings: ["--Tables:TablesMax", "5"]);
        await using EitPlayer ada = await EitPlayer.SitDownAsync(host, "ada");
        await using EitPlayer bob = await EitPlayer.SitDownAsync(host, "bob");
        await using EitPlayer dan = await EitPlayer.SitDownAsync(host, "dan");
        await using EitPlayer eve = await EitPlayer.SitDownAsync(host, "eve");
        await ada.SeesAsync("eve sits down.");

        await using BrowserPlayer fifth = await browser.SitDownAsync(host, "fay");
        await using BrowserPlayer lost = await browser.SitDownAsync(host, "gus", table: 6);

        await fifth.SeesStateAsync("The server says: The table is full.");
        await lost.SeesStateAsync("The server says: There is no such table.");
        Assert.Equal(4, ada.News.All.Count);
    }

    [Fact]
    public async Task The_console_client_plays_on_a_developers_machine_without_a_certificate()
    {
        await using TablesHost host = await TablesHost.StartAsync(isDevelopment: true);
        var shown = new Happenings<string>();
        await using var ada = new Player(host.Address, "ada", 1, shown.Add);
        await using BrowserPlayer bob = await browser.SitDownAsync(host, "bob");
        await bob.SeesAsync("bob sits down.");

        ada.Start();
        await shown.UntilAsync(static line => line.StartsWith("ada sits down.", StringComparison.Ordinal));
        await bob.TakeAsync(2);
        string taken = await shown.UntilAsync(static line => line.StartsWith("bob takes 2.", StringComparison.Ordinal));
        Assert.True(ada.Do("well done"));
        await bob.SeesAsync("ada: well done");
        Assert.True(ada.Do("1"));
        await bob.SeesAsync("ada takes 1.");

        Assert.Matches(@"^bob takes 2\. \[19 stones; bob, ada; ada's turn, \d+ s\]$", taken);
    }
}
