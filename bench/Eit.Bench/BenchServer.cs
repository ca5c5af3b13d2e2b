using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Bench;

/// <summary>The server process: the same work over a bare WebSocket and over Eit. It says on one line how to reach it and ends with its standard input.</summary>
internal static class BenchServer
{
    internal static async Task<int> RunAsync()
    {
        using X509Certificate2 certificate = MakeCertificate();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.Services.AddRouting();
        builder.Services.AddEit(options =>
        {
            options.ExemptForDevelopment(unencrypted: false, anonymous: true);
            options.Limits.SessionsPerPrincipalMax = 10_000;
        });
        await using WebApplication app = builder.Build();
        app.UseWebSockets();
        app.UseRouting();
        app.MapEit<CountingHandler>("/eit");
        app.Map("/raw", CountAsync);
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Console.WriteLine($"{new Uri(address).Port} {Convert.ToHexString(SHA256.HashData(certificate.RawData))}");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    /// <summary>Counts the bytes of everything that comes; a one-byte message asks for the count.</summary>
    private static async Task CountAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.Zero });
        byte[] buffer = new byte[64 * 1024];
        long bytes = 0;
        while (true)
        {
            ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (got.MessageType == WebSocketMessageType.Close) { break; }
            if (got is { Count: 1, EndOfMessage: true }) { await socket.SendAsync(Encoding.ASCII.GetBytes(bytes.ToString(System.Globalization.CultureInfo.InvariantCulture)), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None); }
            else { bytes += got.Count; }
        }
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    /// <summary>Counts messages; answers <c>count</c> with the number, <c>stream N</c> by pushing N numbered messages, one a millisecond.</summary>
    private sealed class CountingHandler : EitHandler
    {
        private long _count;

        public override ValueTask OnMessageAsync(EitSession session, string message)
        {
            if (message.StartsWith("stream ", StringComparison.Ordinal))
            {
                int count = int.Parse(message.AsSpan(7), System.Globalization.CultureInfo.InvariantCulture);
                new Thread(() => Stream(session, count)) { IsBackground = true }.Start();
                return default;
            }
            if (message is "count") { session.Send(_count.ToString(System.Globalization.CultureInfo.InvariantCulture)); }
            else { _count++; }
            return default;
        }

        public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
        {
            _count++;
            return default;
        }

        /// <summary>A thread of its own: the timers of the pool are too coarse for a message a millisecond.</summary>
        private static void Stream(EitSession session, int count)
        {
            for (int i = 0; i < count; i++)
            {
                Thread.Sleep(1);
                if (!session.Send(i.ToString(System.Globalization.CultureInfo.InvariantCulture))) { throw new InvalidOperationException($"Message {i} was not accepted."); }
            }
        }
    }
}
