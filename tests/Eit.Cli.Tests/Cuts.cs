using Eit.Chaos;

namespace Eit.Cli.Tests;

/// <summary>Cuts what goes through a proxy, again and again.</summary>
internal static class Cuts
{
    private const int ProgressBytes = 20_000;

    /// <summary>Cuts all that has brought more than a dial: however slow the machine is, each connection is worth something.</summary>
    internal static async Task CutEverySecondAsync(this ChaosProxy proxy, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                foreach (ChaosConnection connection in proxy.Connections.Where(static connection => connection.BytesDown > ProgressBytes)) { connection.Cut(CutWay.Reset); }
            }
        }
        catch (OperationCanceledException)
        {
            // It has cut enough.
        }
    }
}
