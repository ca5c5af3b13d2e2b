using System.Diagnostics;
using System.Globalization;

namespace Eit.Bench;

/// <summary>Two thousand clients lose their server, which is killed and started again: how long after it listens are they back?</summary>
internal static class Storm
{
    internal const string Name = "storm, 2,000 clients";
    internal const string Most = "99 % back, s after listening";
    internal const string Half = "50 % back, s after listening";
    internal const string OfOwn = "50 % back, of the time of 99 %";
    private const int Clients = 2_000;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    internal static async Task RunAsync(int rounds, Report report)
    {
        await Rounds.RunAsync([Stack.Raw, Stack.SignalR, Stack.EitBytes], warmUps: 0, rounds, async (stack, _) =>
        {
            (double half, double most) = await MeasureAsync(stack);
            report.Add(Name, Half, stack.Name, half);
            report.Add(Name, Most, stack.Name, most);
            if (stack == Stack.EitBytes) { report.Add(Name, OfOwn, stack.Name, half / most); }
        });
        report.Print(Name);
    }

    private static async Task<(double Half, double Most)> MeasureAsync(Stack stack)
    {
        ServerProcess server = await ServerProcess.StartAsync();
        await using ChildProcess clients = await ChildProcess.StartAsync(hasServerGc: false, firstLine: null, "clients", stack.Name, server.Port.ToString(CultureInfo.InvariantCulture), server.CertificateSha256);
        await clients.AskAsync(string.Create(CultureInfo.InvariantCulture, $"open {Clients}"));
        int port = server.Port;
        server.Process.Kill();
        await server.DisposeAsync();
        server = await ServerProcess.StartAsync(port);
        var watch = Stopwatch.StartNew();
        double half = double.NaN;
        while (watch.Elapsed < s_limit)
        {
            int back = int.Parse(await server.Process.AskAsync("connections"), CultureInfo.InvariantCulture);
            if (double.IsNaN(half) && back >= Clients / 2) { half = watch.Elapsed.TotalSeconds; }
            if (back >= Clients * 99 / 100) { break; }
            await Task.Delay(s_look);
        }
        double most = watch.Elapsed.TotalSeconds;
        await server.DisposeAsync();
        return (half, most);
    }
}
