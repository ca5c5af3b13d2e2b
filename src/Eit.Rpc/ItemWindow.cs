namespace Eit.Rpc;

/// <summary>The receiver's side of a stream: how many items it lets come. Its holder guards it.</summary>
/// <param name="size">How many may be on their way or wait to be dealt with.</param>
/// <param name="bytesMax">How many bytes may wait to be dealt with while more are let come.</param>
internal sealed class ItemWindow(int size, long bytesMax)
{
    private long _received;
    private long _done;

    /// <summary>Gets how many bytes have come that are not dealt with.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Gets how many items may come in all.</summary>
    internal long Allowed { get; private set; } = size;

    /// <summary>An item has come.</summary>
    /// <returns>False if it may not.</returns>
    internal bool TryReceive(int bytes)
    {
        Bytes += bytes;
        return ++_received <= Allowed;
    }

    /// <summary>An item has been dealt with.</summary>
    /// <returns>Whether the sender is to hear that more may come.</returns>
    internal bool Finish(int bytes)
    {
        _done++;
        Bytes -= bytes;
        if (Allowed - _done > size / 2 || Bytes > bytesMax) { return false; }
        Allowed = _done + size;
        return true;
    }
}
