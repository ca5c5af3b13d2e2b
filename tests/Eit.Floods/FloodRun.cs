using System.Diagnostics;
using System.Globalization;

namespace Eit.Floods;

/// <summary>Runs floods one after the other against one server after the other, and prints a line for each.</summary>
internal static class FloodRun
{
    private const int BystandersCount = 50;
    private const string HeapLimit = "0x19000000";                 // 400 MiB.

    /// <summary>Below this a round trip says more about how processes take turns than about the server.</summary>
    private const double RoundTripFloorMs = 50;

    internal static async Task<int> RunAsync(TimeSpan time, bool isPaced, string[] names)
    {
        Console.WriteLine($"Each flood for {time.TotalSeconds:0} s, {BystandersCount} ordinary clients beside it, a heap of 400 MiB.");
        Console.WriteLine("flood        alive  lost wrong ended   p99 before  p99 beside   held MiB at most (may)  heap MiB  sessions");
        bool isGood = true;
        foreach (string name in names) { isGood &= await FloodAsync(name, time, isPaced); }
        Console.WriteLine(isGood ? "Every flood was survived." : "Not every flood was survived.");
        return isGood ? 0 : 1;
    }

    private static async Task<bool> FloodAsync(string name, TimeSpan time, bool isPaced)
    {
        using Process server = Start(["serve"], isServer: true);
        int port = int.Parse((await server.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        var bystanders = new Bystanders(port, BystandersCount);
        await bystanders.StartAsync();
        await Pause.ForAsync(TimeSpan.FromSeconds(2));                 // What the first messages need is not what they need later.
        bystanders.TakeRoundTrips();
        await Pause.ForAsync(time / 6 > TimeSpan.FromSeconds(3) ? time / 6 : TimeSpan.FromSeconds(3));
        double before = At99(bystanders.TakeRoundTrips());

        using Process attacker = Start(["attack", name, port.ToString(CultureInfo.InvariantCulture), time.TotalSeconds.ToString(CultureInfo.InvariantCulture)], isServer: false);
        Figures most = await WatchAsync(port, server, time);
        double beside = At99(bystanders.TakeRoundTrips());
        if (!attacker.WaitForExit(TimeSpan.FromSeconds(10))) { attacker.Kill(); }
        await bystanders.StopAsync();

        bool isAlive = !server.HasExited;
        bool isQuick = !isPaced || beside <= Math.Max(2 * before, RoundTripFloorMs);
        bool isGood = isAlive && isQuick && bystanders is { Lost: 0, Wrong: 0, Ended: 0 } && most.Held <= most.May * 9 / 8;   // Sessions that have to go count until they have gone.
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-12} {(isAlive ? "yes" : "NO"),5} {bystanders.Lost,5} {bystanders.Wrong,5} {bystanders.Ended,5} {before,9:0.0} ms {beside,8:0.0} ms {Mebi(most.Held),10:0.0} ({Mebi(most.May):0})  {Mebi(most.Heap),14:0} {most.Sessions,9}  {(isGood ? "" : "FAILED")}"));
        await bystanders.DisposeAsync();
        if (!server.HasExited) { server.Kill(); }
        return isGood;
    }

    private static async Task<Figures> WatchAsync(int port, Process server, TimeSpan time)
    {
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = FloodCertificate.IsTheServers } };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(10) };
        var most = new Figures(0, long.MaxValue, 0, 0);
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < time && !server.HasExited)
        {
            await Pause.ForAsync(TimeSpan.FromMilliseconds(200));
            try
            {
                long[] now = [.. (await http.GetStringAsync(new Uri($"https://localhost:{port}/figures"))).Split(' ').Select(static word => long.Parse(word, CultureInfo.InvariantCulture))];
                most = new Figures(Math.Max(most.Held, now[0]), now[1], Math.Max(most.Heap, now[2]), Math.Max(most.Sessions, now[3]));
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                // It has too much to do, or is no more: the next look, or the process, tells.
            }
        }
        return most;
    }

    private static Process Start(string[] arguments, bool isServer)
    {
        var start = new ProcessStartInfo(isServer ? Environment.ProcessPath! : "nice") { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (!isServer) { foreach (string word in (string[])["-n", "10", Environment.ProcessPath!]) { start.ArgumentList.Add(word); } }   // An attacker has processors of its own.
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }
        if (isServer) { start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit; }
        return Process.Start(start)!;
    }

    private static double At99(double[] sorted) => sorted.Length == 0 ? double.PositiveInfinity : sorted[(int)(sorted.Length * 0.99)];

    private static double Mebi(long bytes) => bytes / (1024.0 * 1024.0);

    private sealed record Figures(long Held, long May, long Heap, long Sessions);
}
