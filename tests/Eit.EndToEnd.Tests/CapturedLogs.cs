using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>Keeps every log entry.</summary>
internal sealed class CapturedLogs : ILoggerFactory
{
    internal ConcurrentQueue<(LogLevel Level, string? Name, Exception? Exception)> Entries { get; } = new();

    /// <summary>Each entry as text: category, name, message, exception.</summary>
    internal ConcurrentQueue<string> Texts { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
        // There is only this one.
    }

    public void Dispose()
    {
        // It holds nothing.
    }

    private sealed class Category(CapturedLogs logs, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            logs.Texts.Enqueue($"{name} {eventId.Name} {formatter(state, exception)} {exception}");
            logs.Entries.Enqueue((logLevel, eventId.Name, exception));
        }
    }
}
