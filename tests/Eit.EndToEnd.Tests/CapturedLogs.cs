using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>Keeps every log entry.</summary>
internal sealed class CapturedLogs : ILoggerFactory, ILogger
{
    internal ConcurrentQueue<(LogLevel Level, string? Name, Exception? Exception)> Entries { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Entries.Enqueue((logLevel, eventId.Name, exception));

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // There is only this one.
    }

    public void Dispose()
    {
        // It holds nothing.
    }
}
