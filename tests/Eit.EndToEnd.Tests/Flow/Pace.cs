using System.Diagnostics;

namespace Eit.EndToEnd.Tests;

/// <summary>Something at a steady rate, in the mean: a timer is late, and by up to one period that is made up for.</summary>
internal sealed class Pace(TimeSpan period) : IDisposable
{
    private readonly PeriodicTimer _ticks = new(TimeSpan.FromMilliseconds(1));
    private readonly long _period = (long)(period.TotalSeconds * Stopwatch.Frequency);
    private long _dueAt;

    internal async ValueTask NextAsync()
    {
        _dueAt = Math.Max(_dueAt, Stopwatch.GetTimestamp() - _period) + _period;
        while (Stopwatch.GetTimestamp() < _dueAt) { await _ticks.WaitForNextTickAsync(); }
    }

    public void Dispose() => _ticks.Dispose();
}
