using System.Globalization;
using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Rpc;
using Eit.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Floods;

/// <summary>The server that is flooded, in a process of its own, with the defaults of Eit. It says its port, and tells at <c>/figures</c> what it holds.</summary>
internal static class FloodServer
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = Timeout.InfiniteTimeSpan };

    private static readonly RpcApi s_api = new RpcApi()
        .Add("big", static call =>
        {
            call.Return(new string('x', call.Argument<int>(0)));
            return default;
        })
        .Add("stream", static call => call.ReturnAllAsync(Items(call.Argument<int>(0), call.Argument<int>(1))));

    internal static async Task<int> RunAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(FloodCertificate.Subject, key, HashAlgorithmName.SHA256);
        using X509Certificate2 signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pkcs12), password: null);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.Services.AddRouting();
        builder.Services.AddAuthentication("Name").AddScheme<AuthenticationSchemeOptions, NameScheme>("Name", configureOptions: null);
        builder.Services.AddEit();
        builder.Services.AddEitRpc();
        await using WebApplication app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.MapEit("/echo", static async (session, message) => await session.SendAsync(message, s_accepted)).WithPlainClients();
        app.MapEitRpc("/rpc", static _ => new RpcSession { Api = s_api });
        app.MapGet("/figures", static (HttpContext context) =>
        {
            EitSessions sessions = context.RequestServices.GetRequiredService<EitSessions>();
            string figures = string.Create(CultureInfo.InvariantCulture, $"{sessions.HeldBytes} {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4} {GC.GetTotalMemory(forceFullCollection: false)} {sessions.Count}");
            return context.Response.WriteAsync(figures);
        });
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Console.WriteLine(new Uri(address).Port);
        await Console.In.ReadLineAsync();                          // It ends with who has started it.
        Environment.Exit(0);
        return 0;
    }

    private static async IAsyncEnumerable<string> Items(int count, int length)
    {
        for (int i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return new string('x', length);
        }
    }

    /// <summary>Takes everybody's word for a name.</summary>
    private sealed class NameScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            string[] words = Request.Headers.Authorization.ToString().Split(' ');
            if (words is not ["Bearer", { Length: > 0 } name]) { return Task.FromResult(AuthenticateResult.NoResult()); }
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], Scheme.Name);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
        }
    }
}
