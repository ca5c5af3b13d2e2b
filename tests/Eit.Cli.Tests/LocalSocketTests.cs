using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Eit.Cli.Tests;

/// <summary>A server behind a proxy of its own machine, and connections that carry no session.</summary>
public sealed class LocalSocketTests
{
    [Fact, Clause("A1.9")]
    public async Task Behind_a_unix_domain_socket_the_proxy_says_whether_its_client_s_connection_is_encrypted_and_a_killed_server_is_in_nobody_s_way()
    {
        if (OperatingSystem.IsWindows()) { return; }                // A proxy there has other ways.
        await using ServeStage stage = await ServeStage.MakeAsync();
        string path = stage.In("front");
        string[] arguments = ["serve", "--tokens", stage.In("tokens.txt"), "--endpoints", "/eit=echo", "--control", stage.Control, "--listen", $"unix:{path}"];
        EitProcess killed = stage.Start(environment: null, arguments);
        await killed.Output.ReadLineAsync().Soon();
        killed.Signal("KILL");
        await killed.ExitedAsync();
        EitProcess server = stage.Start(environment: null, arguments);
        string? listening = await server.Output.ReadLineAsync().Soon();

        string https = await AskAsync(path, stage.Token, "X-Forwarded-Proto: https\r\n");
        string http = await AskAsync(path, stage.Token, "X-Forwarded-Proto: http\r\n");
        string unsaid = await AskAsync(path, stage.Token, "");

        Assert.Contains(path, listening, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101", https, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 426", http, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 426", unsaid, StringComparison.Ordinal);
    }

    [Fact, Clause("A1.8")]
    public async Task A_connection_that_makes_tls_and_asks_for_nothing_is_closed()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", stage.Port).Soon();
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, AnyCertificate.Take);
        await tls.AuthenticateAsClientAsync("localhost").Soon();

        int read = await tls.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(90));   // Kestrel's own limit is 130 s.

        Assert.Equal(0, read);
    }

    private static async Task<string> AskAsync(string path, string token, string header)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path)).Soon();
        string request = $"GET /eit HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            + $"Sec-WebSocket-Protocol: eit.v1.json\r\nAuthorization: Bearer {token}\r\n{header}\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(request)).Soon();
        byte[] answer = new byte[1_024];
        int length = await socket.ReceiveAsync(answer).Soon();
        return Encoding.ASCII.GetString(answer, 0, length);
    }
}
