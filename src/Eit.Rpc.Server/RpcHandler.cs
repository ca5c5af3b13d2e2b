using System.Text;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>Joins an application's session to Eit's: over Eit as messages of a kind of their own, with a plain client in the messages of socket.red. All else goes to the application's own handler.</summary>
internal sealed class RpcHandler(RpcSession session, EitHandler? own, RpcSessions sessions, CallAuthorization authorization, RpcOptions options, RpcJson json, ILogger logger) : EitHandler
{
    private const byte Kind = 1;
    private RpcPeer? _peer;
    private bool _isStarted;

    public override async ValueTask OnConnectedAsync(EitSession connected)
    {
        RpcWire wire = connected.IsPlain ? RedRpcWire.Instance : EitRpcWire.Instance;
        var peer = new RpcPeer(new SessionLink(connected), wire, options, json, session.Handlers, authorization.Of(session), logger);
        _peer = peer;
        session.Begin(connected, peer);
        connected.OnKind(Kind, message =>
        {
            peer.Receive(message.Text, message.PayloadBytes);
            return default;
        });
        if (own is not null)
        {
            try { await own.OnConnectedAsync(connected).ConfigureAwait(false); }
            catch (Exception)
            {
                await peer.StopAsync().ConfigureAwait(false);      // The session ends, and nobody is told of its end.
                throw;
            }
        }
        if (connected.IsClosing) { return; }                       // Its channel refuses it.
        _isStarted = true;
        sessions.Began(session);
        if (session.OnStart is { } onStart) { peer.Post(onStart); }   // Not here: it may call its client, whose answer would wait for it.
    }

    public override ValueTask OnMessageAsync(EitSession connected, string message)
    {
        if (!connected.IsPlain) { return own?.OnMessageAsync(connected, message) ?? base.OnMessageAsync(connected, message); }
        _peer!.Receive(message, Encoding.UTF8.GetByteCount(message));
        return default;
    }

    public override ValueTask OnBytesAsync(EitSession connected, ReadOnlyMemory<byte> message) => own?.OnBytesAsync(connected, message) ?? base.OnBytesAsync(connected, message);

    public override ValueTask OnOutageAsync(EitSession connected, CloseCode code, string reason) => own?.OnOutageAsync(connected, code, reason) ?? default;

    public override ValueTask OnResumedAsync(EitSession connected, TimeSpan outage) => own?.OnResumedAsync(connected, outage) ?? default;

    public override ValueTask OnSlowConsumerAsync(EitSession connected, EitSlowConsumer backlog) => own?.OnSlowConsumerAsync(connected, backlog) ?? default;

    public override async ValueTask OnClosedAsync(EitSession connected, EitSessionEnd end)
    {
        sessions.Ended(session);
        session.LeaveAll();
        if (_peer is { } peer) { await peer.StopAsync().ConfigureAwait(false); }
        if (own is not null) { await own.OnClosedAsync(connected, end).ConfigureAwait(false); }
        if (_isStarted && session.OnClose is { } onClose) { await onClose(end).ConfigureAwait(false); }
    }

    private sealed class SessionLink(EitSession session) : IRpcLink
    {
        public bool IsInsideHandler => session.IsInsideHandler;

        public HoldAccount Account => session.Account;

        public ValueTask<SendOutcome> SendAsync(string text, SendOptions options, CancellationToken cancellationToken) => session.SendAsync(text, options, cancellationToken);

        public void Abort(CloseCode code, string reason) => session.Abort(code, reason);
    }
}
