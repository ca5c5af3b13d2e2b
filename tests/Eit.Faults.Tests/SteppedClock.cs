namespace Eit.Faults.Tests;

/// <summary>A wall clock that somebody sets; time goes on as it does.</summary>
internal sealed class SteppedClock : TimeProvider
{
    private long _ahead;

    internal void Step(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _ahead));
}
