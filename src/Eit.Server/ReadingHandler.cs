using Eit.Link;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>Gives a session's messages to who reads them, beside the code that serves the session; the session ends when that code does.</summary>
internal sealed partial class ReadingHandler(Func<EitSession, Task> serve, ILogger<ReadingHandler> logger) : EitHandler
{
    private readonly IncomingMessages _incoming = new();
    private Task _serving = Task.CompletedTask;

    public override ValueTask OnConnectedAsync(EitSession session)
    {
        session.IncomingMessages = _incoming;
        _serving = Task.Run(() => ServeAsync(session));
        return default;
    }

    public override ValueTask OnMessageAsync(EitSession session, string message) => ReadAsync(session, _incoming.HandAsync(message));

    public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) => ReadAsync(session, _incoming.HandAsync(message));

    public override async ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        _incoming.End();
        await _serving.ConfigureAwait(false);
    }

    private static async ValueTask ReadAsync(EitSession session, Task<bool> reading)
    {
        if (!await reading.ConfigureAwait(false)) { session.MessageFailed(); }   // Nobody reads any more.
    }

    private async Task ServeAsync(EitSession session)
    {
        try
        {
            await serve(session).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            bool mayWrite = DeadlineWheel.Shared.LimitedLog.MayWrite(logger, LogLevel.Error, nameof(Log.ServingThrew), $"{failure.GetType().Name}, {failure.Message}");
            if (mayWrite) { Log.ServingThrew(logger, failure, session.Id); }
            session.Abort(CloseCode.HandlerFailed, "A handler failed.");
            return;
        }

        // Nobody reads any more. A close that has begun already waits for what is unread: that is given up too.
        bool isClosing = session.IsClosing;
        session.InitiateClose(takesInbound: false);
        if (isClosing) { _incoming.End(); }
    }
}
