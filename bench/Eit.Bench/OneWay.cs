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

/// <summary>One-way messages of 100 B, client to server: over a bare WebSocket, one by one and as JSON frames in batches of 16 KiB, and through the per-message API of Eit. The stacks take turns.</summary>
internal static class OneWay
{
    private const int MessagesPerLook = 64;                        // At the clock, which costs a third of a message.
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(1);
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };
    private static readonly string s_message = new('x', 100);
    private static readonly byte[] s_bytes = Encoding.ASCII.GetBytes(s_message);
    private static readonly byte[] s_frame = Encoding.ASCII.GetBytes($"{{\"t\":\"data\",\"n\":1234567,\"text\":\"{s_message}\"}},");

    internal static async Task RunAsync(ServerProcess server, int rounds)
    {
        (string Name, Func<Task<(double Rate, double Cpu)>> RunAsync)[] stacks =
        [
            ("bare, JSON frames in batches of 16 KiB", () => RawAsync(server, s_frame, batch: 16 * 1024 / s_frame.Length)),
            ("bare, a WebSocket message each", () => RawAsync(server, s_bytes, batch: 1)),
            ("Eit, JSON, text", () => EitAsync(server, WireEncoding.Json, isText: true)),
            ("Eit, binary, text", () => EitAsync(server, WireEncoding.Binary, isText: true)),
            ("Eit, binary, bytes", () => EitAsync(server, WireEncoding.Binary, isText: false)),
        ];
        var taken = new List<(double Rate, double Cpu)>[stacks.Length];
        for (int i = 0; i < stacks.Length; i++) { taken[i] = []; }
        for (int round = 0; round <= rounds; round++)
        {
            for (int turn = 0; turn < stacks.Length; turn++)
            {
                int i = (turn + round) % stacks.Length;
                (double Rate, double Cpu) run = await stacks[i].RunAsync();
                if (round > 0) { taken[i].Add(run); }              // The first round warms up.
            }
        }
        Console.WriteLine("One-way, client to server, 100 B, WSS: median of the rounds (lowest to highest)");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-40} {"messages/s",34} {"of batches",22} {"of one by one",14} {"CPU us, both sides",20}"));
        for (int i = 0; i < stacks.Length; i++)
        {
            double[] rates = [.. taken[i].Select(static run => run.Rate).Order()];
            double[] shares = [.. taken[i].Zip(taken[0], static (one, bare) => one.Rate / bare.Rate).Order()];
            double[] times = [.. taken[i].Zip(taken[1], static (one, bare) => one.Rate / bare.Rate).Order()];
            double[] cpu = [.. taken[i].Select(static run => run.Cpu).Order()];
            int middle = rates.Length / 2;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{stacks[i].Name,-40} {$"{rates[middle]:N0} ({rates[0]:N0} to {rates[^1]:N0})",34} {$"{shares[middle]:N2} ({shares[0]:N2} to {shares[^1]:N2})",22} {times[middle],14:N1} {cpu[middle],20:N2}"));
        }
    }

    private static async Task<(double Rate, double CpuMicroseconds)> RawAsync(ServerProcess server, byte[] frame, int batch)
    {
        byte[] message = [.. Enumerable.Repeat(frame, batch).SelectMany(static bytes => bytes)];
        using var socket = new ClientWebSocket();
        byte[] pin = Convert.FromHexString(server.CertificateSha256);
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, errors) => errors == SslPolicyErrors.None || SHA256.HashData(certificate!.GetRawCertData()).AsSpan().SequenceEqual(pin);
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{server.Port}/raw"), CancellationToken.None);
        TimeSpan cpu = server.ProcessorTime;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_time) { await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None); }
        await socket.SendAsync("?"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        byte[] answer = new byte[64];
        ValueWebSocketReceiveResult got = await socket.ReceiveAsync(answer.AsMemory(), CancellationToken.None);
        double seconds = watch.Elapsed.TotalSeconds;
        long bytes = long.Parse(Encoding.ASCII.GetString(answer, 0, got.Count), CultureInfo.InvariantCulture);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None);
        double messages = bytes / (double)frame.Length;
        return (messages / seconds, (server.ProcessorTime - cpu).TotalMicroseconds / messages);
    }

    private static async Task<(double Rate, double CpuMicroseconds)> EitAsync(ServerProcess server, WireEncoding encoding, bool isText)
    {
        await using EitConnection client = server.Client(encoding: encoding);
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.OnMessage(text => answer.TrySetResult(text));
        await client.StartAsync();
        TimeSpan cpu = server.ProcessorTime;
        var watch = Stopwatch.StartNew();
        long sent = 0;
        while (watch.Elapsed < s_time)
        {
            for (int i = 0; i < MessagesPerLook; i++) { await (isText ? client.SendAsync(s_message, s_accepted) : client.SendAsync(s_bytes, s_accepted)); }
            sent += MessagesPerLook;
        }
        await client.SendAsync("count", s_accepted);
        long counted = long.Parse(await answer.Task, CultureInfo.InvariantCulture);
        double seconds = watch.Elapsed.TotalSeconds;
        if (counted != sent) { throw new InvalidOperationException($"{sent} were sent and {counted} handled."); }
        return (counted / seconds, (server.ProcessorTime - cpu).TotalMicroseconds / counted);
    }
}
