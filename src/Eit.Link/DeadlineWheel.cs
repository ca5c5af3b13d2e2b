using System.Numerics;
using Eit.Backoff;

namespace Eit.Link;

/// <summary>All deadlines of a process on one timer.</summary>
/// <remarks>
/// <para>A callback comes never before its deadline and, on an idle machine, within about 10 ms after it. While no deadline is set the timer is not armed,
/// but for one last look at what was cleared.</para>
/// <para>A wheel with three rings of 512 slots: of 6.55 ms, of 3.4 s and of 29 min each. An entry lies in the ring that fits its distance and comes down
/// a ring when its slot is reached, so filing, moving and removing cost the same however many entries there are.</para>
/// </remarks>
public sealed class DeadlineWheel : IDisposable
{
    private const int TickShift = 16;                                  // a tick is 2^16 x 100 ns
    private const int RingShift = 9;
    private const int SlotsPerRing = 1 << RingShift;
    private const int Rings = 3;
    private const int WordsPerRing = SlotsPerRing / 64;
    private const long FarthestTicks = 1L << (RingShift * Rings);      // about 10 days; what is later is looked at then and filed anew
    private const long NotArmed = long.MaxValue;

    private static readonly Lazy<DeadlineWheel> s_shared = new(() => new DeadlineWheel(TimeProvider.System));

    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly DeadlineEntry?[] _slots = new DeadlineEntry?[Rings * SlotsPerRing];
    private readonly ulong[] _occupied = new ulong[Rings * WordsPerRing];
    private long _currentTick;                                         // up to this tick all slots have been emptied
    private long _armedFor = NotArmed;                                 // never later than the first occupied slot, while the timer is not at work
    private int _filed;
    private bool _isDisposed;
    private List<DeadlineEntry>? _spareDue = [];

    /// <summary>Starts the clock of a wheel.</summary>
    /// <param name="timeProvider">Where the time and the one timer come from.</param>
    public DeadlineWheel(TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _time = timeProvider;
        _startedAt = timeProvider.GetTimestamp();
        _timer = CreateTimer();
        LimitedLog = new LimitedLog(this);
    }

    /// <summary>Reports an exception of a callback, on the thread of the callback.</summary>
    /// <remarks>Nobody else hears of it: a callback that may fail reports by itself.</remarks>
    public event Action<Exception>? CallbackFailed;

    /// <summary>Gets the wheel of the process, on the system's clock. It can't be disposed of.</summary>
    public static DeadlineWheel Shared => s_shared.Value;

    /// <summary>Gets the time since this wheel began; it never goes back.</summary>
    public Instant Now => new(_time.GetElapsedTime(_startedAt).Ticks);

    /// <summary>Gets the limit of what is logged because of the peers of this clock.</summary>
    public LimitedLog LimitedLog { get; }

    /// <summary>Gets how many deadlines are filed.</summary>
    internal int Count => Volatile.Read(ref _filed);

    /// <summary>Makes a deadline that is not set yet.</summary>
    /// <param name="onDue">Called when the deadline has come, on the timer's thread and under no lock. It must not block: others that are due at the same
    /// time wait for it. Calls may overlap.</param>
    /// <param name="state">Handed to the callback.</param>
    /// <exception cref="ObjectDisposedException">The wheel is disposed of.</exception>
    public DeadlineEntry Register(Action<object?> onDue, object? state)
    {
        ArgumentNullException.ThrowIfNull(onDue);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
        return new DeadlineEntry(this, onDue, state);
    }

    /// <summary>Ends all deadlines. Does not wait for callbacks that are on their way.</summary>
    public void Dispose()
    {
        if (s_shared.IsValueCreated && ReferenceEquals(this, s_shared.Value)) { return; }
        lock (_gate)
        {
            _isDisposed = true;
            Array.Clear(_slots);
        }

        _timer.Dispose();
    }

    /// <summary>Tells the first tick that is not before an instant.</summary>
    internal static long TickAtOrAfter(Instant at) => (at.Ticks >> TickShift) + ((at.Ticks & ((1L << TickShift) - 1)) == 0 ? 0 : 1);

    /// <summary>Files an entry whose deadline is earlier than the next look at it.</summary>
    internal void File(DeadlineEntry entry)
    {
        lock (_gate)
        {
            if (_isDisposed || entry.WakeTick == DeadlineEntry.Disposed) { return; }
            Instant dueAt = new(Volatile.Read(ref entry.DueAt));
            if (dueAt == Instant.Never) { return; }

            long tick = TickAtOrAfter(dueAt);
            if (entry.WakeTick != DeadlineEntry.NotFiled)
            {
                if (entry.WakeTick <= tick) { return; }
                Unlink(entry);
            }

            // Nothing lies before the tick that the timer is armed for, so the wheel may turn that far without a look.
            _currentTick = Math.Max(_currentTick, Math.Min(Now.Ticks >> TickShift, _armedFor - 1));
            Link(entry, tick);
            if (entry.WakeTick < _armedFor) { Arm(entry.WakeTick); }
        }
    }

    internal void Remove(DeadlineEntry entry)
    {
        lock (_gate)
        {
            if (entry.WakeTick == DeadlineEntry.Disposed) { return; }
            if (entry.WakeTick != DeadlineEntry.NotFiled && !_isDisposed) { Unlink(entry); }
            Volatile.Write(ref entry.WakeTick, DeadlineEntry.Disposed);
            if (_filed == 0 && _armedFor != NotArmed && !_isDisposed) { Disarm(); }
        }
    }

    private ITimer CreateTimer()
    {
        // The timer outlives whoever happens to come first: it must not carry that one's AsyncLocals.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            return _time.CreateTimer(static wheel => ((DeadlineWheel)wheel!).Turn(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    // The timer may come early, and again before the callbacks of the last turn have ended: then two turns run their callbacks beside each other.
    private void Turn()
    {
        List<DeadlineEntry> due = Interlocked.Exchange(ref _spareDue, null) ?? [];
        Instant now;
        lock (_gate)
        {
            if (_isDisposed) { return; }
            now = Now;
            long nowTick = now.Ticks >> TickShift;
            long next;
            while ((next = FindFirstOccupiedTick()) <= nowTick)
            {
                _currentTick = next;
                EmptySlotsOfCurrentTick(due);
            }

            _currentTick = Math.Max(_currentTick, nowTick);
            _armedFor = NotArmed;
            if (next != NotArmed) { Arm(next); }
        }

        foreach (DeadlineEntry entry in due) { CallIfStillDue(entry, now); }
        due.Clear();
        Volatile.Write(ref _spareDue, due);
    }

    private long FindFirstOccupiedTick()
    {
        long first = NotArmed;
        for (int ring = 0; ring < Rings; ring++)
        {
            int shift = ring * RingShift;
            long position = _currentTick >> shift;
            int distance = FindOccupied(ring, (int)(position + 1) & (SlotsPerRing - 1));
            if (distance >= 0) { first = Math.Min(first, (position + 1 + distance) << shift); }
        }

        return first;
    }

    // Tells how many slots after the given one the first occupied one comes, going once round the ring; -1 if there is none.
    private int FindOccupied(int ring, int fromSlot)
    {
        ReadOnlySpan<ulong> words = _occupied.AsSpan(ring * WordsPerRing, WordsPerRing);
        int bit = fromSlot & 63;
        for (int step = 0; step <= WordsPerRing; step++)
        {
            int index = ((fromSlot >> 6) + step) & (WordsPerRing - 1);
            ulong word = words[index];
            if (step == 0) { word &= ulong.MaxValue << bit; }
            if (word != 0) { return ((index << 6) + BitOperations.TrailingZeroCount(word) - fromSlot) & (SlotsPerRing - 1); }
        }

        return -1;
    }

    // The slot of the inner ring and, where the tick begins one, of the rings around it.
    private void EmptySlotsOfCurrentTick(List<DeadlineEntry> due)
    {
        for (int ring = 0; ring < Rings; ring++)
        {
            int shift = ring * RingShift;
            if ((_currentTick & ((1L << shift) - 1)) != 0) { return; }
            int slot = (ring * SlotsPerRing) + ((int)(_currentTick >> shift) & (SlotsPerRing - 1));
            DeadlineEntry? head = _slots[slot];
            if (head is null) { continue; }

            _slots[slot] = null;
            Mark(slot, isOccupied: false);
            DeadlineEntry entry = head;
            do
            {
                DeadlineEntry after = entry.Next!;
                Refile(entry, due);
                entry = after;
            }
            while (entry != head);
        }
    }

    private void Refile(DeadlineEntry entry, List<DeadlineEntry> due)
    {
        (entry.Next, entry.Previous) = (null, null);
        _filed--;

        // See DeadlineEntry.Set: first the wake-up goes, then the deadline is read.
        Interlocked.Exchange(ref entry.WakeTick, DeadlineEntry.NotFiled);
        Instant dueAt = new(Volatile.Read(ref entry.DueAt));
        if (dueAt == Instant.Never) { return; }

        long tick = TickAtOrAfter(dueAt);
        if (tick <= _currentTick) { due.Add(entry); }
        else { Link(entry, tick); }
    }

    private void CallIfStillDue(DeadlineEntry entry, Instant now)
    {
        if (Volatile.Read(ref entry.WakeTick) == DeadlineEntry.Disposed) { return; }

        // Whoever has moved the deadline since has found the entry not filed, and has filed it.
        long dueAt = Volatile.Read(ref entry.DueAt);
        if (dueAt > now.Ticks || Interlocked.CompareExchange(ref entry.DueAt, Instant.Never.Ticks, dueAt) != dueAt) { return; }
        try
        {
            entry.OnDue(entry.State);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }

    private void Report(Exception exception)
    {
        try
        {
            CallbackFailed?.Invoke(exception);
        }
        catch (Exception)
        {
            // The other deadlines matter more than what happens to a report.
            return;
        }
    }

    private void Link(DeadlineEntry entry, long tick)
    {
        long distance = Math.Clamp(tick - _currentTick, 1, FarthestTicks);
        int ring = 0;
        while (distance > 1L << (RingShift * (ring + 1))) { ring++; }
        long position = (_currentTick + distance) >> (ring * RingShift);
        int slot = (ring * SlotsPerRing) + ((int)position & (SlotsPerRing - 1));

        entry.Slot = slot;
        if (_slots[slot] is { } head)
        {
            (entry.Next, entry.Previous) = (head, head.Previous);
            head.Previous!.Next = entry;
            head.Previous = entry;
        }
        else
        {
            (entry.Next, entry.Previous) = (entry, entry);
            _slots[slot] = entry;
            Mark(slot, isOccupied: true);
        }

        _filed++;
        Volatile.Write(ref entry.WakeTick, position << (ring * RingShift));
    }

    private void Unlink(DeadlineEntry entry)
    {
        if (entry.Next == entry)
        {
            _slots[entry.Slot] = null;
            Mark(entry.Slot, isOccupied: false);
        }
        else
        {
            entry.Next!.Previous = entry.Previous;
            entry.Previous!.Next = entry.Next;
            if (_slots[entry.Slot] == entry) { _slots[entry.Slot] = entry.Next; }
        }

        (entry.Next, entry.Previous) = (null, null);
        _filed--;
        Volatile.Write(ref entry.WakeTick, DeadlineEntry.NotFiled);
    }

    private void Mark(int slot, bool isOccupied)
    {
        ulong bit = 1UL << (slot & 63);
        if (isOccupied) { _occupied[slot >> 6] |= bit; }
        else { _occupied[slot >> 6] &= ~bit; }
    }

    private void Arm(long tick)
    {
        _armedFor = tick;

        // Timers count whole milliseconds and may come a little early: the next one up spares a turn for nothing. At least 1: no timer calls back from here.
        long milliseconds = Math.Max(0, (tick << TickShift) - Now.Ticks) / TimeSpan.TicksPerMillisecond;
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds + 1), Timeout.InfiniteTimeSpan);
    }

    private void Disarm()
    {
        _armedFor = NotArmed;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
