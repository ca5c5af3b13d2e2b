namespace Eit.Simulation.Exhaustive;

/// <summary>The states that have been visited, by their 128-bit digests, in the order of the first visit.</summary>
internal sealed class DigestTable
{
    private const int PageBits = 16;
    private const int PageSize = 1 << PageBits;
    private const int PageMask = PageSize - 1;

    private readonly List<UInt128[]> _pages = [];
    private int[] _slots = new int[1 << 16];

    internal int Count { get; private set; }

    /// <summary>Adds a digest; false if it is here.</summary>
    internal bool TryAdd(UInt128 digest)
    {
        if (Count * 3L >= _slots.Length * 2L) { Grow(); }
        int slot = FindSlot(digest);
        if (_slots[slot] != 0) { return false; }
        if ((Count & PageMask) == 0) { _pages.Add(new UInt128[PageSize]); }
        _pages[Count >> PageBits][Count & PageMask] = digest;
        _slots[slot] = ++Count;
        return true;
    }

    private int FindSlot(UInt128 digest)
    {
        int mask = _slots.Length - 1;
        int slot = (int)(ulong)digest & mask;
        while (_slots[slot] != 0 && At(_slots[slot] - 1) != digest) { slot = (slot + 1) & mask; }
        return slot;
    }

    private UInt128 At(int index) => _pages[index >> PageBits][index & PageMask];

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        for (int i = 0; i < Count; i++) { _slots[FindSlot(At(i))] = i + 1; }
    }
}
