using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>The log of a plain client's end of a session: only what has gone wrong at this end. How the session fares, the server's end of it says.</summary>
internal sealed class BridgeLogger(ILogger inner) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error && inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) { inner.Log(logLevel, eventId, state, exception, formatter); }
    }
}
