using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Eit.Rpc;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Eit.TestServer;

/// <summary>A server in a process of its own, to be killed and stopped by tests. Says <c>port N</c>, then <c>processed TEXT</c> for each message that its handler has finished, and for each call that has begun.</summary>
internal static class Program
{
    private static readonly RpcApi s_api = new RpcApi()
        .Add("hang", static async call =>
        {
            Say($"processed {call.Argument<int>(0)}");
            await new TaskCompletionSource().Task.WaitAsync(call.CancellationToken);
        })
        .Add("note", static call =>
        {
            Say($"processed {call.Argument<int>(0)}");
            return default;
        });

    private static async Task<int> Main(string[] arguments)
    {
        int port = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12FromFile(arguments[1], password: null);
        double drainSeconds = double.Parse(arguments[2], CultureInfo.InvariantCulture);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificate)));
        builder.Services.AddRouting();
        builder.Services.AddEitRpc();
        builder.Services.AddEit(options =>
        {
            options.ExemptForDevelopment(unencrypted: false, anonymous: true, "Testing");
            options.Limits.DetachedPerPrincipalMax = 10_000;
            options.DrainWindow = TimeSpan.FromSeconds(drainSeconds);
            options.SpreadMin = TimeSpan.FromMilliseconds(100);
        });
        await using WebApplication app = builder.Build();
        app.UseRouting();
        app.MapEit("/eit", HandleAsync);
        app.MapEitRpc("/rpc", static _ => new RpcSession { Api = s_api }, new RpcOptions { ParallelCalls = 1_000 });
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Say($"port {new Uri(address).Port}");
        await app.WaitForShutdownAsync();
        Say("stopped");
        return 0;
    }

    private static async ValueTask HandleAsync(EitSession session, string message)
    {
        if (message.StartsWith("hang", StringComparison.Ordinal)) { await new TaskCompletionSource().Task; }
        Say($"processed {message}");
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
