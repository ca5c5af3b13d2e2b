namespace Eit.Protocol.Session;

/// <summary>What waits in one lane of the outbox.</summary>
internal sealed class OutboxLane
{
    internal RingBuffer<OutboxEntry> Entries;

    /// <summary>How many entries have been taken from the queue: the place of its first one.</summary>
    internal long Taken { get; set; }

    /// <summary>The messages that wait, those of keys that wait outside the queue included.</summary>
    internal int Messages { get; set; }

    internal long Bytes { get; set; }

    /// <summary>Whether the last message was refused for want of room.</summary>
    internal bool HasRefused { get; set; }

    /// <summary>How many entries of the queue are dropped messages.</summary>
    internal int Dropped { get; set; }

    /// <summary>Whether nothing would be missed if it were made anew.</summary>
    internal bool IsIdle => Messages == 0 && Entries.Count == 0 && !HasRefused;
}
