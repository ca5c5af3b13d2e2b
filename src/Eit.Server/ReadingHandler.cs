using Eit.Link;

namespace Eit.Server;

/// <summary>Gives a session's messages to who reads them, beside the code that serves the session.</summary>
internal sealed class ReadingHandler(Func<EitSession, Task> serve) : EitHandler
{
    private readonly IncomingMessages _incoming = new();
    private Task _serving = Task.CompletedTask;

    public override ValueTask OnConnectedAsync(EitSession session)
    {
        session.IncomingMessages = _incoming;
        _serving = Task.Run(() => serve(session));
        return default;
    }

    public override ValueTask OnMessageAsync(EitSession session, string message) => new(_incoming.HandAsync(new EitMessage(message, default)));

    public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) => new(_incoming.HandAsync(new EitMessage(Text: null, message)));

    /// <summary>What the code has thrown is logged as a handler's failure.</summary>
    public override async ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        _incoming.End();
        await _serving.ConfigureAwait(false);
    }
}
