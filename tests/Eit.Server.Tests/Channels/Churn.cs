namespace Eit.Server.Tests.Channels;

/// <summary>Visits that begin at a rate of 200 a second, on the whole: now and then everybody has gone before the next one comes.</summary>
internal static class Churn
{
    private const int VisitsPerSecond = 200;
    private const int VisitsTogether = 100;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Begins visits at their rate, or as fast as the machine can, and waits for all.</summary>
    internal static async Task RunAsync(int visits, Func<int, Task> visitAsync)
    {
        var running = new List<Task>(visits);
        long beganAt = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (running.Count < visits && await pace.WaitForNextTickAsync())
        {
            double due = Math.Min(visits, TimeProvider.System.GetElapsedTime(beganAt).TotalSeconds * VisitsPerSecond);
            while (running.Count < due)
            {
                if (running.Count % VisitsTogether == 0) { await Task.WhenAll(running).WaitAsync(s_limit); }
                running.Add(visitAsync(running.Count));
            }
        }
        await Task.WhenAll(running).WaitAsync(s_limit);
    }
}
