using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;

namespace Eit.Cli.Serve;

/// <summary>Sends each message of an application (kind 0) back, in the lane normal. A client that does not take its own messages back slows only itself down.</summary>
internal sealed class EchoHandler(ServeCounters counters, ServeLog log) : EitHandler
{
    private static readonly SendOptions s_patient = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = Timeout.InfiniteTimeSpan };

    public override async ValueTask OnMessageAsync(EitSession session, string message)
    {
        counters.MessageReceived();
        Note(session, await session.SendAsync(message, s_patient));
    }

    public override async ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
    {
        counters.MessageReceived();
        Note(session, await session.SendAsync(message, s_patient));
    }

    private void Note(EitSession session, SendOutcome outcome)
    {
        if (outcome == SendOutcome.TooLarge) { log.MessageTooLarge(PeerText.Harmless(session.Path), 1); }
    }
}
