using Eit.Chaos;

namespace Eit.Cli.Tests;

/// <summary>Cuts all that goes through a proxy, again and again.</summary>
internal static class Cuts
{
    internal static async Task CutEverySecondAsync(this ChaosProxy proxy, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                foreach (ChaosConnection connection in proxy.Connections) { connection.Cut(CutWay.Reset); }
            }
        }
        catch (OperationCanceledException)
        {
            // It has cut enough.
        }
    }
}
