using Eit.Backoff;

namespace Eit.Link;

/// <summary>One deadline of a <see cref="DeadlineWheel"/>, moved as often as its owner likes.</summary>
/// <remarks>
/// Safe from any thread. The callback is called once for each deadline that comes. One that is already on its way when the deadline is moved, cleared or
/// disposed of may still be called, so the owner decides by its own clock and state, and takes a call that is not needed for what it is.
/// </remarks>
public sealed class DeadlineEntry : IDisposable
{
    // What the wheel keeps here. All but the deadline is written under the wheel's gate.
    internal const long NotFiled = long.MaxValue;
    internal const long Disposed = long.MinValue;
    internal readonly Action<object?> OnDue;
    internal readonly object? State;
    internal long DueAt = Instant.Never.Ticks;
    internal long WakeTick = NotFiled;
    internal int Slot;
    internal DeadlineEntry? Next;
    internal DeadlineEntry? Previous;

    private readonly DeadlineWheel _wheel;

    internal DeadlineEntry(DeadlineWheel wheel, Action<object?> onDue, object? state)
    {
        _wheel = wheel;
        OnDue = onDue;
        State = state;
    }

    /// <summary>Gets the time on the clock of the wheel.</summary>
    internal Instant Now => _wheel.Now;

    /// <summary>Moves the deadline.</summary>
    /// <param name="at">When to call back, on the clock of the wheel. What is past is called at the next occasion, <see cref="Instant.Never"/> not at
    /// all.</param>
    /// <remarks>Allocates nothing. A later deadline takes no lock: the wheel looks at the entry at the old time and files it anew. Does nothing after
    /// <see cref="Dispose"/>.</remarks>
    public void Set(Instant at)
    {
        if (Volatile.Read(ref DueAt) == at.Ticks) { return; }

        // Written before the wake-up is read, as the wheel takes the wake-up away before it reads the deadline: one of the two sees the other.
        Interlocked.Exchange(ref DueAt, at.Ticks);
        if (at == Instant.Never || Volatile.Read(ref WakeTick) <= DeadlineWheel.TickAtOrAfter(at)) { return; }
        _wheel.File(this);
    }

    /// <summary>Ends the deadline. Does not wait for a callback that is on its way.</summary>
    public void Dispose() => _wheel.Remove(this);
}
