using System.Text;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>Joins an application's session to Eit's: over Eit as messages of a kind of their own, with a plain client in the messages of socket.red.</summary>
internal sealed class RpcHandler(RpcSession session, RpcOptions options, RpcJson json, ILogger logger) : EitHandler
{
    private const byte Kind = 1;
    private RpcPeer? _peer;

    public override ValueTask OnConnectedAsync(EitSession connected)
    {
        RpcWire wire = connected.IsPlain ? RedRpcWire.Instance : EitRpcWire.Instance;
        var peer = new RpcPeer(new SessionLink(connected), wire, options, json, session.Handlers, logger);
        _peer = peer;
        session.Begin(connected, peer);
        connected.OnKind(Kind, message =>
        {
            peer.Receive(message.Text, message.PayloadBytes);
            return default;
        });
        if (session.OnStart is { } onStart) { peer.Post(onStart); }   // Not here: it may call its client, whose answer would wait for it.
        return default;
    }

    public override ValueTask OnMessageAsync(EitSession connected, string message)
    {
        if (connected.IsPlain) { _peer!.Receive(message, Encoding.UTF8.GetByteCount(message)); }
        return default;
    }

    public override async ValueTask OnClosedAsync(EitSession connected, EitSessionEnd end)
    {
        if (_peer is { } peer) { await peer.StopAsync().ConfigureAwait(false); }
        if (session.OnClose is { } onClose) { await onClose(end).ConfigureAwait(false); }
    }

    private sealed class SessionLink(EitSession session) : IRpcLink
    {
        public ValueTask<SendOutcome> SendAsync(string text, SendOptions options, CancellationToken cancellationToken) => session.SendAsync(text, options, cancellationToken);

        public void Abort(CloseCode code, string reason) => session.Abort(code, reason);
    }
}
