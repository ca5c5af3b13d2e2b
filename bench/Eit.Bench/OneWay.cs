using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Bench;

/// <summary>One-way messages of 100 B, client to server: the same JSON frames over a bare WebSocket in batches of 16 KiB, and through the per-message API of Eit.</summary>
internal static class OneWay
{
    private const int MessagesPerLook = 64;                        // At the clock, which costs a third of a message.
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(1);
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };
    private static readonly string s_message = new('x', 100);

    internal static async Task RunAsync(ServerProcess server, int rounds)
    {
        Console.WriteLine("One-way, client to server, 100 B, JSON, WSS: messages/s");
        Console.WriteLine("round      raw batched              Eit     Eit / raw    CPU us per message, both sides: raw, Eit");
        var ratios = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            bool rawFirst = round % 2 == 0;
            (double raw, double rawCpu) = rawFirst ? await RawAsync(server) : default;
            (double eit, double eitCpu) = await EitAsync(server);
            if (!rawFirst) { (raw, rawCpu) = await RawAsync(server); }
            if (round == 0) { continue; }                          // The first round warms up.
            ratios.Add(eit / raw);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round,5} {raw,16:N0} {eit,16:N0} {eit / raw,13:N2} {rawCpu,22:N2} {eitCpu,8:N2}"));
        }
        ratios.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median {ratios[ratios.Count / 2]:N2}, min {ratios[0]:N2}, max {ratios[^1]:N2}"));
    }

    private static async Task<(double Rate, double CpuMicroseconds)> RawAsync(ServerProcess server)
    {
        string frame = $"{{\"t\":\"data\",\"n\":1234567,\"text\":\"{s_message}\"}}";
        int count = (16 * 1024) / (frame.Length + 1);
        byte[] batch = Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat(frame, count))}]");
        using var socket = new ClientWebSocket();
        byte[] pin = Convert.FromHexString(server.CertificateSha256);
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, errors) => errors == SslPolicyErrors.None || SHA256.HashData(certificate!.GetRawCertData()).AsSpan().SequenceEqual(pin);
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{server.Port}/raw"), CancellationToken.None);
        TimeSpan cpu = server.ProcessorTime;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_time) { await socket.SendAsync(batch.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None); }
        await socket.SendAsync("?"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        byte[] answer = new byte[64];
        ValueWebSocketReceiveResult got = await socket.ReceiveAsync(answer.AsMemory(), CancellationToken.None);
        double seconds = watch.Elapsed.TotalSeconds;
        long bytes = long.Parse(Encoding.ASCII.GetString(answer, 0, got.Count), CultureInfo.InvariantCulture);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None);
        double messages = bytes / (double)batch.Length * count;
        return (messages / seconds, (server.ProcessorTime - cpu).TotalMicroseconds / messages);
    }

    private static async Task<(double Rate, double CpuMicroseconds)> EitAsync(ServerProcess server)
    {
        await using EitConnection client = server.Client(encoding: WireEncoding.Json);
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.OnMessage(text => answer.TrySetResult(text));
        await client.StartAsync();
        TimeSpan cpu = server.ProcessorTime;
        var watch = Stopwatch.StartNew();
        long sent = 0;
        while (watch.Elapsed < s_time)
        {
            for (int i = 0; i < MessagesPerLook; i++) { await client.SendAsync(s_message, s_accepted); }
            sent += MessagesPerLook;
        }
        await client.SendAsync("count", s_accepted);
        long counted = long.Parse(await answer.Task, CultureInfo.InvariantCulture);
        double seconds = watch.Elapsed.TotalSeconds;
        if (counted != sent) { throw new InvalidOperationException($"{sent} were sent and {counted} handled."); }
        return (counted / seconds, (server.ProcessorTime - cpu).TotalMicroseconds / counted);
    }
}
