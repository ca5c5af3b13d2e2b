namespace Eit.Chaos.Faults;

/// <summary>A fault that is set at a proxy, and what it has done there.</summary>
/// <param name="name">Its name.</param>
/// <param name="ordinal">How many faults had been set before it; a changed fault keeps it, and so applies to the same connections.</param>
/// <param name="fault">What it does.</param>
internal sealed class ActiveFault(string name, int ordinal, ChaosFault fault)
{
    private int _hits;
    private int _acts;

    internal string Name => name;

    internal int Ordinal => ordinal;

    internal ChaosFault Fault => fault;

    internal ChaosFaultStatus Status => new(name, fault, Volatile.Read(ref _hits), Volatile.Read(ref _acts));

    internal void Hit() => Interlocked.Increment(ref _hits);

    internal void Act() => Interlocked.Increment(ref _acts);

    /// <summary>Acts once more, unless it has acted often enough.</summary>
    /// <param name="times">How often it may; 0: without end.</param>
    internal bool TryAct(long times)
    {
        if (Interlocked.Increment(ref _acts) <= times || times == 0) { return true; }
        Interlocked.Decrement(ref _acts);
        return false;
    }
}
