using Microsoft.Playwright;

namespace Eit.Browser.Tests;

/// <summary>Debian's Chromium without a window, one for all tests of a class.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly float s_guardMs = (float)Patience.Guard.TotalMilliseconds;

    private IPlaywright? _playwright;
    private IBrowser? _chromium;

    public async Task InitializeAsync()
    {
        string chromium = Installed.Chromium;
        Assertions.SetDefaultExpectTimeout(s_guardMs);
        _playwright = await Playwright.CreateAsync();
        _chromium = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Timeout = s_guardMs });
    }

    public async Task DisposeAsync()
    {
        if (_chromium is not null) { await _chromium.DisposeAsync(); }
        _playwright?.Dispose();
    }

    /// <summary>Opens a page in a window of its own.</summary>
    internal async Task<IPage> OpenAsync(Uri address)
    {
        IBrowserContext context = await _chromium!.NewContextAsync(new BrowserNewContextOptions { IgnoreHTTPSErrors = true });
        context.SetDefaultTimeout(s_guardMs);
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(address.ToString());
        return page;
    }

    /// <summary>Opens the sample's page in a window of its own, and sits down as a person does.</summary>
    internal async Task<BrowserPlayer> SitDownAsync(TablesHost host, string name, int table = 1, int? port = null)
    {
        IPage page = await OpenAsync(new UriBuilder(host.Address) { Port = port ?? host.Address.Port }.Uri);
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Table").FillAsync($"{table}");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sit down" }).ClickAsync();
        return new BrowserPlayer(page);
    }
}
