using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Eit.Cli.Serve;

/// <summary>Writes each event of the log as one line of text, in which nothing can steer a terminal or begin a line, whoever's words they are.</summary>
internal sealed class ServeFormatter(TimeProvider time) : ConsoleFormatter(Named)
{
    internal const string Named = "eit";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        string level = logEntry.LogLevel switch
        {
            LogLevel.Trace => "trce",
            LogLevel.Debug => "dbug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error => "fail",
            _ => "crit",
        };
        string text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        string exception = logEntry.Exception is { } failure ? $" {failure}" : "";
        string at = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        string line = string.Create(CultureInfo.InvariantCulture, $"{at} {level}: {logEntry.Category}[{logEntry.EventId.Id}] {text}{exception}");
        textWriter.Write($"{Terminal.Line(line.ReplaceLineEndings(" "))}\n");
    }
}
