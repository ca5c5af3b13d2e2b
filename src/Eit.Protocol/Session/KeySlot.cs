namespace Eit.Protocol.Session;

/// <summary>The messages of one key at their sender (D3): at most one is on the way, and at most one waits.</summary>
internal sealed class KeySlot(KeyId id)
{
    private OutboxEntry _parked;

    internal KeyId Id => id;

    /// <summary>The place in its lane's queue of the one that waits; null if none is there.</summary>
    internal long? Place { get; set; }

    /// <summary>Whether one has been numbered and is not known to be received: the next one waits here, outside the queue, so that others pass.</summary>
    internal bool IsOnTheWay { get; set; }

    internal bool HasParked { get; private set; }

    internal ref OutboxEntry Parked => ref _parked;

    internal void Park(in OutboxEntry entry) => (_parked, HasParked) = (entry, true);

    internal OutboxEntry TakeParked()
    {
        OutboxEntry entry = _parked;
        (_parked, HasParked) = (default, false);
        return entry;
    }
}
