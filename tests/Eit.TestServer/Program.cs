using System.Globalization;
using System.Net;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Rpc;
using Eit.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Eit.TestServer;

/// <summary>
/// A server in a process of its own, to be killed and stopped by tests. Takes settings as <c>name=value</c>, and its certificate, PKCS #12 in base64, in the environment variable
/// <c>EIT_TEST_CERTIFICATE</c>. Says <c>port N</c>, then <c>processed TEXT</c> for each message that its handler has finished and each call that has begun, and <c>hello HEADER</c> for each dial.
/// </summary>
internal static class Program
{
    private const string Scheme = BearerTokenDefaults.AuthenticationScheme;

    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

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

    internal static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }

    private static async Task<int> Main(string[] arguments)
    {
        var settings = arguments.Select(static argument => argument.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
        double Seconds(string name, double otherwise) => settings.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        var endPoint = IPEndPoint.Parse(settings["listen"]);
        byte[] pkcs12 = Convert.FromBase64String(Environment.GetEnvironmentVariable("EIT_TEST_CERTIFICATE")!);
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(pkcs12, password: null);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(endPoint, listen => listen.UseHttps(certificate)));
        builder.Services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
        builder.Services.AddRouting();
        builder.Services.AddEitRpc();
        builder.Services.AddAuthentication(Scheme).AddBearerToken();
        builder.Services.AddEit(options =>
        {
            options.ExemptForDevelopment(unencrypted: false, anonymous: true, "Testing");
            options.Admits = static context =>
            {
                Say($"hello {context.Request.Headers["Eit-Hello"]}");
                return ValueTask.FromResult(true);
            };
            options.Limits.DetachedPerOwnerMax = 10_000;
            options.Session.Timeout = TimeSpan.FromSeconds(Seconds("timeout", 5));
            options.Session.OutboxAge = TimeSpan.FromMinutes(10);
            options.DrainWindow = TimeSpan.FromSeconds(Seconds("drain", 5));
            options.SpreadMin = TimeSpan.FromSeconds(Seconds("spread", 0.1));
        });
        await using WebApplication app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.MapGet("/token", IssueTokenAsync);
        app.MapEit("/eit", HandleAsync);
        app.MapEitRpc("/rpc", static _ => new RpcSession { Api = s_api }, new RpcOptions { ParallelCalls = 1_000 });
        app.MapEit("/echo", static async (session, message) => await session.SendAsync(message, s_accepted));
        app.MapEit<Talker>("/talk");
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

    /// <summary>Issues a token as a sign-in would: <c>/token?user=ada&amp;seconds=5</c>.</summary>
    private static Task IssueTokenAsync(HttpContext context)
    {
        BearerTokenOptions options = context.RequestServices.GetRequiredService<IOptionsMonitor<BearerTokenOptions>>().Get(Scheme);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, context.Request.Query["user"].ToString())], Scheme));
        double seconds = double.Parse(context.Request.Query["seconds"].ToString(), CultureInfo.InvariantCulture);
        var properties = new AuthenticationProperties { ExpiresUtc = DateTimeOffset.UtcNow.AddSeconds(seconds) };
        return context.Response.WriteAsync(options.BearerTokenProtector.Protect(new AuthenticationTicket(principal, properties, $"{Scheme}:AccessToken")));
    }
}
