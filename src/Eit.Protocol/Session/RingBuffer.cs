using System.Diagnostics;

namespace Eit.Protocol.Session;

/// <summary>A queue in one array that grows by doubling, can be read at any place, and keeps its memory until it is trimmed. An empty default costs its holder no object.</summary>
/// <remarks>It lives in a field that is not read-only, and is passed on by reference: a copy would go its own way.</remarks>
internal struct RingBuffer<T>
{
    private T[]? _items;                                           // Null before the first item, and when trimmed.
    private int _head;

    internal int Count { get; private set; }

    internal readonly ref T this[int index]
    {
        get
        {
            Debug.Assert((uint)index < (uint)Count, "The index is inside the queue.");
            return ref _items![(_head + index) & (_items.Length - 1)];
        }
    }

    internal void Add(in T item) => Add() = item;

    /// <summary>Adds a default item, to be filled in its place; the reference is good until the next change.</summary>
    internal ref T Add()
    {
        if (_items is null || Count == _items.Length) { Grow(); }
        return ref _items![(_head + Count++) & (_items.Length - 1)];
    }

    internal bool TryTake(out T item)
    {
        bool hasItem = Count > 0;
        item = hasItem ? Take() : default!;
        return hasItem;
    }

    internal T Take()
    {
        T item = this[0];
        Drop();
        return item;
    }

    /// <summary>Removes the oldest item without a copy of it.</summary>
    internal void Drop()
    {
        this[0] = default!;
        _head = (_head + 1) & (_items!.Length - 1);
        Count--;
    }

    /// <summary>Lets the memory go, if nothing is in the queue.</summary>
    internal void Trim()
    {
        if (Count == 0) { (_items, _head) = (null, 0); }
    }

    private void Grow()
    {
        T[] larger = new T[_items is null ? 8 : _items.Length * 2];
        for (int i = 0; i < Count; i++) { larger[i] = this[i]; }
        (_items, _head) = (larger, 0);
    }
}
