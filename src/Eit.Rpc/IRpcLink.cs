using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Rpc;

/// <summary>The one session that calls go over.</summary>
internal interface IRpcLink
{
    /// <summary>Gets whether the caller runs inside a handler for which the answers in this session have to wait.</summary>
    bool IsInsideHandler { get; }

    /// <summary>Gets the account of what is held for the peer.</summary>
    HoldAccount Account { get; }

    /// <summary>Sends a text in this session.</summary>
    ValueTask<SendOutcome> SendAsync(string text, SendOptions options, CancellationToken cancellationToken);

    /// <summary>Ends the session: the peer has broken a rule.</summary>
    void Abort(CloseCode code, string reason);
}
