using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Eit.Browser.Tests;

/// <summary>A player at the sample's page.</summary>
internal sealed class BrowserPlayer(IPage page) : IAsyncDisposable
{
    /// <summary>Waits until a line of the page is this one; others may have come behind it.</summary>
    internal Task SeesAsync(string what) => Expect(page.Locator("#log").GetByText(what, new LocatorGetByTextOptions { Exact = true }).First).ToBeAttachedAsync();

    internal Task SeesStateAsync(string state) => Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync(state);

    internal Task SeesSeatsAsync(params string[] names) => Expect(page.Locator("#seats li")).ToContainTextAsync(names);

    internal Task SeesStonesAsync(int count) => Expect(page.Locator("#stones")).ToHaveTextAsync($"{new string('●', count)} {count}");

    internal Task TakeAsync(int stones) => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = $"Take {stones}" }).ClickAsync();

    internal async Task SayAsync(string words)
    {
        ILocator field = page.GetByPlaceholder("Say something");
        await field.FillAsync(words);
        await field.PressAsync("Enter");
    }

    /// <summary>All lines of the page, the oldest first.</summary>
    internal async Task<IEnumerable<string>> SeenAsync() => (await page.Locator("#log li").AllTextContentsAsync()).Reverse();

    public async ValueTask DisposeAsync() => await page.Context.DisposeAsync();
}
