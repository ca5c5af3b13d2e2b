using System.Diagnostics;
using System.Globalization;

namespace Eit.Bench;

/// <summary>What a thousand idle connections cost: bytes and packets through a relay, processor time and memory of each end.</summary>
internal static class IdleConnections
{
    private const int Count = 1_000;
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(60);

    internal static async Task RunAsync()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using var relay = new CountingRelay(server.Port);
        foreach (int count in (int[])[0, Count])
        {
            await using ChildProcess clients = await ChildProcess.StartAsync(hasServerGc: false, firstLine: null, "clients", Stack.EitBytes.Name, relay.Port.ToString(CultureInfo.InvariantCulture), server.CertificateSha256);
            await clients.AskAsync($"open {count}");
            await Task.Delay(s_settling);
            (TimeSpan serverCpu, TimeSpan clientCpu) = (server.Process.ProcessorTime, clients.ProcessorTime);
            (long upBytes, long upPackets, long downBytes, long downPackets) = relay.Counts;
            var watch = Stopwatch.StartNew();
            await Task.Delay(s_time);
            double seconds = watch.Elapsed.TotalSeconds;
            (serverCpu, clientCpu) = (server.Process.ProcessorTime - serverCpu, clients.ProcessorTime - clientCpu);
            (long Bytes, long Packets) up = (relay.Counts.UpBytes - upBytes, relay.Counts.UpPackets - upPackets);
            (long Bytes, long Packets) down = (relay.Counts.DownBytes - downBytes, relay.Counts.DownPackets - downPackets);

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"== {count:N0} idle connections for {seconds:N0} s, default time-out"));
            Say("client to server", up, count, seconds);
            Say("server to client", down, count, seconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"CPU of one core: server {serverCpu / watch.Elapsed:P2}, clients {clientCpu / watch.Elapsed:P2}; working set, MiB: server {server.Process.WorkingSetBytes >> 20}, clients {clients.WorkingSetBytes >> 20}"));
        }
    }

    private static void Say(string way, (long Bytes, long Packets) sum, int count, double seconds) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{way}: {sum.Packets / seconds:N0} packets/s, {sum.Bytes / seconds:N0} B/s of TLS; of each connection {sum.Packets / seconds / Math.Max(count, 1):N2} and {sum.Bytes / seconds / Math.Max(count, 1):N0}; {(double)sum.Bytes / Math.Max(sum.Packets, 1):N0} B a packet"));
}
