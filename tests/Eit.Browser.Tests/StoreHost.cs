using System.Net.Http.Json;
using System.Text.Json;
using Eit.Connection;
using Eit.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Store.Client;
using Store.Server;

namespace Eit.Browser.Tests;

/// <summary>The server of the sample Store on a loopback port, in the developer's mode.</summary>
internal sealed class StoreHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private StoreHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _http = new HttpClient { BaseAddress = Address };
    }

    internal Uri Address { get; }

    internal RpcSessions Sessions => _app.Services.GetRequiredService<RpcSessions>();

    internal static async Task<StoreHost> StartAsync()
    {
        WebApplication app = StoreServer.Build(["--urls", "http://127.0.0.1:0", "--environment", "Development", "--Logging:LogLevel:Default", "Warning"]);
        await app.StartAsync();
        return new StoreHost(app);
    }

    internal ListClient Client(FaultRelay relay, Func<StoreHost> host, Action<string> show) => new(
        new EitConnectionOptions
        {
            Url = new Uri($"ws://127.0.0.1:{relay.Port}/lists/shopping"),
            TokenProvider = async (_, _) => await host().LogInAsync(),
            AllowUnencryptedForDevelopment = true,
            WatchesNetwork = false,
            Redial = new() { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(200) },
        },
        list => show(string.Join(',', list.Items.Select(static item => item.Text))));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task<string> LogInAsync()
    {
        using HttpResponseMessage answer = await _http.PostAsync(new Uri("/login/test", UriKind.Relative), content: null).Soon();
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>().Soon()).GetProperty("accessToken").GetString()!;
    }
}
