using System.Collections.Concurrent;
using System.Diagnostics;

namespace Eit.EndToEnd.Tests;

/// <summary>Finds out when this machine had no time for this process: no measure of what runs in it counts that.</summary>
internal sealed class Heartbeat : IDisposable
{
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<(long From, long To)> _gaps = new();
    private readonly ManualResetEventSlim _over = new();
    private readonly Thread _thread;

    internal Heartbeat()
    {
        _thread = new Thread(Beat) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Tells how much was lost between two moments.</summary>
    internal TimeSpan LostBetween(long from, long to) =>
        new(_gaps.Sum(gap => Math.Max(0, Stopwatch.GetElapsedTime(Math.Max(from, gap.From), Math.Min(to, gap.To)).Ticks)));

    public void Dispose()
    {
        _over.Set();
        _thread.Join();
        _over.Dispose();
    }

    private void Beat()
    {
        long last = Stopwatch.GetTimestamp();
        while (!_over.Wait(s_beat))
        {
            long now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(last, now) > s_beat * 2) { _gaps.Enqueue((last, now)); }
            last = now;
        }
    }
}
