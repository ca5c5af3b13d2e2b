using Eit.Protocol.Wire;
using Eit.Rpc;
using Microsoft.Playwright;
using Store.Client;
using static Microsoft.Playwright.Assertions;

namespace Eit.Browser.Tests;

/// <summary>The sample Store: a page and a .NET client that share a list.</summary>
public sealed class StoreTests(Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task A_page_and_a_dotnet_client_keep_one_list_in_step_over_drops()
    {
        const int rounds = 6;
        await using StoreHost host = await StoreHost.StartAsync();
        await using var pageRelay = new FaultRelay(host.Address.Port);
        await using var clientRelay = new FaultRelay(host.Address.Port);
        var shown = new Happenings<string>();
        await using ListClient client = host.Client(clientRelay, () => host, shown.Add);
        client.Start();
        IPage page = await browser.OpenAsync(new Uri($"http://127.0.0.1:{pageRelay.Port}/"));
        await AddAsync(page, "milk");
        await shown.UntilAsync(static texts => texts == "milk");
        RpcJoined first = client.LastJoined!;

        for (int round = 0; round < rounds; round++)
        {
            if (round % 2 == 1) { LoseSession(host); }
            else { clientRelay.CutAll(); }
            pageRelay.CutAll();
            await client.AddAsync($"client {round}").Soon();
            await AddAsync(page, $"page {round}");
        }
        await Expect(page.Locator("#items li")).ToHaveCountAsync(1 + (2 * rounds));
        while (client.State.Items.Count < 1 + (2 * rounds)) { await shown.NextAsync(); }
        await page.GetByLabel("client 0", new PageGetByLabelOptions { Exact = true }).CheckAsync();
        await page.Locator("#items li", new PageLocatorOptions { HasText = "milk" }).GetByRole(AriaRole.Button).ClickAsync();
        while (!client.State.Items.Exists(static item => item.IsDone) || client.State.Items.Count != 2 * rounds) { await shown.NextAsync(); }
        await Expect(page.Locator("#items li")).ToHaveCountAsync(2 * rounds);

        string[] onPage = [.. (await page.Locator("#items label").AllTextContentsAsync()).Select(static text => text.Trim())];
        Assert.Equal(client.State.Items.Select(static item => item.Text), onPage);
        Assert.Equal(Enumerable.Range(0, rounds).SelectMany(static round => (string[])[$"client {round}", $"page {round}"]).Order(), onPage.Order());
        Assert.Equal("client 0", Assert.Single(client.State.Items, static item => item.IsDone).Text);
        Assert.Equal((RpcJoinOutcome.MustReload, RpcJoinOutcome.CaughtUp), (first.Outcome, client.LastJoined!.Outcome));
        await page.Context.DisposeAsync();
    }

    [Fact]
    public async Task After_a_start_of_the_server_anew_everyone_has_the_list_that_it_has()
    {
        StoreHost host = await StoreHost.StartAsync();
        await using var relay = new FaultRelay(host.Address.Port);
        var shown = new Happenings<string>();
        await using ListClient client = host.Client(relay, () => host, shown.Add);
        client.Start();
        IPage page = await browser.OpenAsync(new Uri($"http://127.0.0.1:{relay.Port}/"));
        await AddAsync(page, "milk");
        await shown.UntilAsync(static texts => texts == "milk");
        await page.WaitForFunctionAsync("() => underWay.size === 0");    // A call without an answer would be made again, and bring the milk along.

        StoreHost before = host;
        relay.Refuses = true;
        relay.CutAll();
        await before.DisposeAsync();
        host = await StoreHost.StartAsync();
        (relay.Upstream, relay.Refuses) = (host.Address.Port, false);
        await shown.UntilAsync(static texts => texts.Length == 0);
        await client.AddAsync("bread").Soon();

        await Expect(page.Locator("#items label")).ToHaveTextAsync(["bread"]);
        await page.Context.DisposeAsync();
        await host.DisposeAsync();
    }

    private static async Task AddAsync(IPage page, string text)
    {
        await page.GetByLabel("What is needed?").FillAsync(text);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add" }).ClickAsync();
    }

    private static void LoseSession(StoreHost host)
    {
        foreach (RpcSession session in host.Sessions.List().Where(static session => !session.Session.IsPlain)) { session.Session.Abort(CloseCode.SessionLost, "A test."); }
    }
}
