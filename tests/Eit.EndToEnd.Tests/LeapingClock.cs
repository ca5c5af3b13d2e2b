namespace Eit.EndToEnd.Tests;

/// <summary>A clock that stands still until it leaps, but for what is due at once: real sockets at both ends of a time that no pause of the machine uses up.</summary>
internal sealed class LeapingClock : IAsyncDisposable
{
    /// <summary>A little more than a tick of the wheel of deadlines.</summary>
    private static readonly TimeSpan s_atOnce = TimeSpan.FromMilliseconds(10);

    private readonly ManualTimeProvider _time = new();
    private readonly PeriodicTimer _looks = new(TimeSpan.FromMilliseconds(2));
    private readonly Task _running;

    internal LeapingClock()
    {
        _running = RunAsync();
    }

    internal TimeProvider Time => _time;

    internal TimeSpan Elapsed => _time.Elapsed;

    /// <summary>Lets time pass, and a tick of the wheel more, so that what is due then has its turn.</summary>
    internal void Leap(TimeSpan by) => _time.Advance(by + s_atOnce);

    public async ValueTask DisposeAsync()
    {
        _looks.Dispose();
        await _running;
    }

    private async Task RunAsync()
    {
        while (await _looks.WaitForNextTickAsync())
        {
            if (_time.NextDue - _time.Elapsed is { } left && left <= s_atOnce) { _time.Advance(left > TimeSpan.Zero ? left : TimeSpan.Zero); }
        }
    }
}
