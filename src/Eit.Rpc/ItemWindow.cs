namespace Eit.Rpc;

/// <summary>The receiver's side of a stream: how many items it lets come. Its holder guards it.</summary>
internal sealed class ItemWindow(int size)
{
    private long _received;
    private long _done;

    /// <summary>Gets how many items may come in all.</summary>
    internal long Allowed { get; private set; } = size;

    /// <summary>An item has come.</summary>
    /// <returns>False if it may not.</returns>
    internal bool TryReceive() => ++_received <= Allowed;

    /// <summary>An item has been dealt with.</summary>
    /// <returns>Whether the sender is to hear that more may come.</returns>
    internal bool Finish()
    {
        _done++;
        if (Allowed - _done > size / 2) { return false; }
        Allowed = _done + size;
        return true;
    }
}
