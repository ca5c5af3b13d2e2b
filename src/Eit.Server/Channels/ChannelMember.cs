using Eit.Protocol.Wire;

namespace Eit.Server.Channels;

/// <summary>A session's side of its channel: each of its events waits for a turn there. So the session's next event waits too, and its credit with it.</summary>
internal sealed class ChannelMember(EitChannels channels, Func<IServiceProvider, MadeChannelHandler> makeHandler) : EitHandler
{
    private EitChannel? _channel;                                  // null: not yet, or refused.

    public override async ValueTask OnConnectedAsync(EitSession session)
    {
        session.Channel = EitChannels.PathOf(session.Path);
        EitChannel channel = channels.Queue(session.Channel, out Task turn);

        // A session that is over counts nowhere any more: in this queue it would be one of any number.
        if (!turn.IsCompleted) { await Task.WhenAny(turn, session.Ended).ConfigureAwait(false); }
        if (!turn.IsCompleted && channel.TryWithdraw(turn)) { return; }
        await turn.ConfigureAwait(false);
        Exception? refusal = null;
        try
        {
            if (session.IsOver) { return; }
            refusal = await channel.JoinAsync(session, makeHandler).ConfigureAwait(false);
        }
        finally { channel.Leave(); }
        if (refusal is null) { _channel = channel; }
        else { channels.Refuse(session, refusal); }
    }

    public override ValueTask OnMessageAsync(EitSession session, string message) =>
        CallAsync(ChannelCall.Message, session, message, static (handler, session, message) => handler.OnMessageAsync(session, message));

    public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) =>
        CallAsync(ChannelCall.Message, session, message, static (handler, session, message) => handler.OnBytesAsync(session, message));

    public override ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason) =>
        CallAsync(ChannelCall.Outage, session, (code, reason), static (handler, session, why) => handler.OnOutageAsync(session, why.code, why.reason));

    public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage) =>
        CallAsync(ChannelCall.Resumed, session, outage, static (handler, session, outage) => handler.OnResumedAsync(session, outage));

    public override ValueTask OnSlowConsumerAsync(EitSession session, EitSlowConsumer backlog) =>
        CallAsync(ChannelCall.SlowConsumer, session, backlog, static (handler, session, backlog) => handler.OnSlowConsumerAsync(session, backlog));

    public override async ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        if (_channel is not { } channel) { return; }
        channel.TryQueue(out Task turn);                           // A channel with a member is in use.
        await turn.ConfigureAwait(false);
        try { await channel.LeaveAsync(session, end).ConfigureAwait(false); }
        finally { channel.Leave(); }
    }

    private async ValueTask CallAsync<T>(ChannelCall call, EitSession session, T what, Func<EitChannelHandler, EitSession, T, ValueTask> run)
    {
        if (_channel is not { } channel)
        {
            if (call == ChannelCall.Message) { session.MessageFailed(); }
            return;
        }
        channel.TryQueue(out Task turn);
        await turn.ConfigureAwait(false);
        Exception? failure;
        try { failure = await channel.CallAsync(call, (channel.Handler!, session, what, run), static x => x.run(x.Item1, x.session, x.what)).ConfigureAwait(false); }
        finally { channel.Leave(); }
        if (failure is null || call != ChannelCall.Message) { return; }
        session.MessageFailed();
        channels.MessageFailed(session);
    }
}
