using System.Net.WebSockets;
using System.Security.Cryptography;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using SocketIOClient;

namespace Eit.Bench;

/// <summary>A way to carry messages, ours or a peer's.</summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="OpenAsync">Connects a client to the server, on the server's own port or on that of a relay.</param>
internal sealed record Stack(string Name, Func<ServerAddress, int, Task<ClientEnd>> OpenAsync)
{
    internal static Stack Raw { get; } = new("raw", static (server, port) => OpenRawAsync(server, port, isBatched: false));

    internal static Stack Batched { get; } = new("raw batched", static (server, port) => OpenRawAsync(server, port, isBatched: true));

    internal static Stack SignalR { get; } = new("SignalR", static (server, port) => OpenSignalRAsync(server, port, "hub", new SignalRClient.Settings { Reconnects = true }));

    internal static Stack SignalRSkipping { get; } = new("SignalR, no negotiation", static (server, port) => OpenSignalRAsync(server, port, "hub", new SignalRClient.Settings { Reconnects = true, SkipsNegotiation = true }));

    internal static Stack SignalRStateful { get; } = new("SignalR stateful", static (server, port) => OpenSignalRAsync(server, port, "stateful", new SignalRClient.Settings { Reconnects = true, StatefulBuffer = SignalRClient.DefaultStatefulBuffer }));

    internal static Stack SignalRStateful32 { get; } = new("SignalR stateful 32 MiB", static (server, port) => OpenSignalRAsync(server, port, "stateful32", new SignalRClient.Settings { Reconnects = true, StatefulBuffer = 32 * 1024 * 1024 }));

    internal static Stack EitBytes { get; } = new("Eit bytes", static (server, port) => OpenEitAsync(server, port, WireEncoding.Binary, isText: false));

    internal static Stack EitText { get; } = new("Eit text", static (server, port) => OpenEitAsync(server, port, WireEncoding.Binary, isText: true));

    internal static Stack EitJson { get; } = new("Eit JSON text", static (server, port) => OpenEitAsync(server, port, WireEncoding.Json, isText: true));

    /// <summary>Finds the stack that idles in a process of its own.</summary>
    internal static Stack Named(string name) => new[] { Raw, SignalR, SignalRSkipping, EitBytes }.First(stack => stack.Name == name);

    /// <summary>Connects to the server's own port.</summary>
    internal Task<ClientEnd> OpenOwnAsync(ServerProcess server) => OpenAsync(server.Address, server.Port);

    internal static Stack SocketIo(int port) => new("Socket.IO (ws)", (_, _) => OpenSocketIoAsync(port));

    /// <summary>The options of an Eit client of a server.</summary>
    internal static EitConnectionOptions EitOptions(int port, string certificateSha256, WireEncoding? encoding = null) => new()
    {
        Url = new Uri($"wss://127.0.0.1:{port}/eit"),
        PinnedCertificateSha256 = certificateSha256,
        WatchesNetwork = false,
        Encoding = encoding,
    };

    private static async Task<ClientEnd> OpenRawAsync(ServerAddress server, int port, bool isBatched)
    {
        var socket = new ClientWebSocket();
        byte[] pin = Convert.FromHexString(server.CertificateSha256);
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => SHA256.HashData(certificate!.GetRawCertData()).AsSpan().SequenceEqual(pin);
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{port}/{(isBatched ? "batched" : "raw")}"), CancellationToken.None);
        var line = new RawLine(socket, isBatched);
        var end = new ClientEnd(line);
        line.BeginReceiving(end.ReceivedAsync);
        return end;
    }

    private static async Task<ClientEnd> OpenSignalRAsync(ServerAddress server, int port, string hub, SignalRClient.Settings settings)
    {
        var client = new SignalRClient(new Uri($"https://127.0.0.1:{port}/{hub}"), server.CertificateSha256, settings);
        var end = new ClientEnd(new SignalRClientLine(client));
        client.On(SignalRHub.Method, [typeof(string)], arguments => end.ReceivedAsync((string)arguments[0]!));
        await client.StartAsync();
        return end;
    }

    private static async Task<ClientEnd> OpenSocketIoAsync(int port)
    {
        var client = new SocketIO($"http://127.0.0.1:{port}", new SocketIOOptions { Transport = SocketIOClient.Transport.TransportProtocol.WebSocket, AutoUpgrade = false });
        var end = new ClientEnd(new SocketIoClientLine(client));
        client.On(SocketIoClientLine.Event, async response => await end.ReceivedAsync(response.GetValue<string>()));
        await client.ConnectAsync();
        return end;
    }

    private static async Task<ClientEnd> OpenEitAsync(ServerAddress server, int port, WireEncoding encoding, bool isText)
    {
        var connection = new EitConnection(EitOptions(port, server.CertificateSha256, encoding));
        var end = new ClientEnd(new EitClientLine(connection, isText));
        connection.OnBytes(bytes => end.ReceivedAsync(bytes.Span));
        connection.OnMessage(end.ReceivedAsync);
        await connection.StartAsync();
        return end;
    }
}
