using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Backoff;
using Eit.Chaos.Faults;
using Eit.Cli;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Chaos.Tests;

public class EitThroughProxyTests
{
    private const int Messages = 40;

    [Theory]
    [InlineData("frame,frame=ack,direction=down,nth=2")]
    [InlineData("frame,frame=ack,direction=up")]
    [InlineData("frame,frame=welcome,action=cut,bytes=1,times=2")]
    [InlineData("frame,frame=data,direction=up,nth=7,action=cut,bytes=20")]
    [InlineData("frame,frame=data,direction=down,nth=3,action=cut,way=close,times=2")]
    [InlineData("frame,frame=data,direction=up,nth=5,action=close,code=4200,reason=busy")]
    [InlineData("frame,frame=data,direction=down,nth=5,action=delay,delay=50ms,times=3")]
    [InlineData("frame,frame=data,nth=9,action=cut,bytes=0,times=4")]
    public async Task A_conversation_over_tls_survives_what_is_done_to_its_frames(string rule)
    {
        using X509Certificate2 certificate = TestCertificate.Make(TimeProvider.System.GetUtcNow());
        var atServer = new ConcurrentQueue<string>();
        var atClient = new ConcurrentQueue<string>();
        var accepted = new SendOptions { CompleteWhen = CompleteWhen.Accepted };
        await using OwnServer server = await OwnServer.StartAsync(
            new SessionSettings(),
            TimeProvider.System,
            async (session, text) =>
            {
                atServer.Enqueue(text);
                await session.SendAsync(text, accepted);
            },
            CancellationToken.None);
        await using ChaosProxy proxy = ChaosProxy.Start(new ChaosProxyOptions
        {
            Upstream = new IPEndPoint(IPAddress.Loopback, server.Port),
            Certificate = certificate,
            UpstreamTls = new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", RemoteCertificateValidationCallback = AnyCertificate.Take },
            ReadsFrames = true,
            Seed = 1,
        });
        proxy.Set("rule", ChaosFault.Parse(rule));
        await using var client = new EitConnection(new EitConnectionOptions
        {
            Url = new Uri($"wss://127.0.0.1:{proxy.Port}{OwnServer.Path}"),
            PinnedCertificateSha256 = Convert.ToHexString(SHA256.HashData(certificate.RawData)),
            TokenProvider = (_, _) => ValueTask.FromResult<string?>(server.IssueToken("ada")),
            Proxy = new WebProxy(),
            WatchesNetwork = false,
            Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(20), LongestWait = TimeSpan.FromMilliseconds(100), StableAfter = TimeSpan.FromMilliseconds(100) },
        });
        client.OnMessage(text => atClient.Enqueue(text));

        await client.StartAsync().Soon();
        string[] sent = [.. Enumerable.Range(0, Messages).Select(number => $"message {number}")];
        foreach (string[] part in sent.Chunk(Messages / 2))        // Each part is acknowledged at least once, both ways.
        {
            int due = atClient.Count + part.Length;
            foreach (string text in part) { await client.SendAsync(text, accepted).Soon(); }
            await Patience.UntilAsync(() => atClient.Count >= due);
        }
        await proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Acted).Soon();
        await client.CloseAsync().Soon();

        Assert.Equal(sent, atServer);
        Assert.Equal(sent, atClient);
    }
}
