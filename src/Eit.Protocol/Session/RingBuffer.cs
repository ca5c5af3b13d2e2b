using System.Diagnostics;

namespace Eit.Protocol.Session;

/// <summary>A queue in one array that grows by doubling, can be read at any place, and lets its memory go when it has become empty after a burst.</summary>
internal sealed class RingBuffer<T>
{
    private const int CapacityKept = 64;
    private T[] _items = [];
    private int _head;

    internal int Count { get; private set; }

    internal ref T this[int index]
    {
        get
        {
            Debug.Assert((uint)index < (uint)Count, "The index is inside the queue.");
            return ref _items[(_head + index) & (_items.Length - 1)];
        }
    }

    internal void Add(in T item)
    {
        if (Count == _items.Length) { Grow(); }
        _items[(_head + Count) & (_items.Length - 1)] = item;
        Count++;
    }

    internal T Take()
    {
        ref T slot = ref this[0];
        T item = slot;
        slot = default!;
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        if (Count == 0 && _items.Length > CapacityKept) { (_items, _head) = ([], 0); }
        return item;
    }

    internal void Clear() => (_items, _head, Count) = ([], 0, 0);

    private void Grow()
    {
        T[] larger = new T[Math.Max(8, _items.Length * 2)];
        for (int i = 0; i < Count; i++) { larger[i] = this[i]; }
        (_items, _head) = (larger, 0);
    }
}
