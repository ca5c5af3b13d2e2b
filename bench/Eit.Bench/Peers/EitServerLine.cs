using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;

namespace Eit.Bench;

/// <summary>The server's end of an Eit session. It sends texts to who sends texts, and bytes to who sends bytes.</summary>
internal sealed class EitServerLine(EitSession session) : ILine
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    internal bool IsText { get; set; }

    public int PerSend(Message message) => 1;

    public async ValueTask SendAsync(Message message)
    {
        SendOutcome outcome = await (IsText ? session.SendAsync(message.Text, s_accepted) : session.SendAsync(message.Bytes, s_accepted));
        if (outcome != SendOutcome.Accepted) { throw new InvalidOperationException($"The message was {outcome}."); }
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>The handler of a session.</summary>
    internal sealed class Handler : EitHandler
    {
        private EitServerLine? _line;
        private ServerEnd? _end;

        public override ValueTask OnConnectedAsync(EitSession session)
        {
            _line = new EitServerLine(session);
            _end = new ServerEnd(_line);
            return default;
        }

        public override ValueTask OnMessageAsync(EitSession session, string message)
        {
            _line!.IsText = true;
            return _end!.ReceivedAsync(message);
        }

        public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
        {
            _line!.IsText = false;
            return _end!.ReceivedAsync(message.Span);
        }
    }
}
