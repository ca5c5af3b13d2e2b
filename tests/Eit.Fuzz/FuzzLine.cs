namespace Eit.Fuzz;

/// <summary>One transport: a queue of messages each way; null is its end.</summary>
/// <param name="epoch">The epoch of the dial that opened it.</param>
internal sealed class FuzzLine(long epoch)
{
    private bool _hasEndedAtServer;

    internal long Epoch { get; } = epoch;

    /// <summary>Gets or sets the epoch that the server knows it by; not that of the client, if somebody has changed the hello.</summary>
    internal long ServerEpoch { get; set; } = epoch;

    /// <summary>Gets or sets the client's end of the session that it belongs to; null before it is welcomed.</summary>
    internal FuzzEnd? ClientEnd { get; set; }

    internal FuzzEnd? ServerEnd { get; set; }

    internal Queue<byte[]?> ToServer { get; } = new();

    internal Queue<byte[]?> ToClient { get; } = new();

    /// <summary>Gets whether the client has it no more, or never wanted it.</summary>
    internal bool HasEndedAtClient { get; private set; }

    /// <summary>Gets whether neither end has it any more.</summary>
    internal bool IsOver => HasEndedAtClient && _hasEndedAtServer;

    internal Queue<byte[]?> Towards(bool toServer) => toServer ? ToServer : ToClient;

    /// <summary>Ends it at one end; the other one hears of it behind what is on the way.</summary>
    /// <returns>False if it had ended there.</returns>
    internal bool TryEnd(bool atServer)
    {
        if (atServer ? _hasEndedAtServer : HasEndedAtClient) { return false; }
        (_hasEndedAtServer, HasEndedAtClient) = (_hasEndedAtServer || atServer, HasEndedAtClient || !atServer);
        Towards(!atServer).Enqueue(null);
        (atServer ? ServerEnd : ClientEnd)?.Lines.Remove(this);
        return true;
    }
}
