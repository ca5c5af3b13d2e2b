using Microsoft.Extensions.Logging;

namespace Eit.Cli.Serve;

/// <summary>What the server of the tool itself has to log.</summary>
internal sealed partial class ServeLog(ILogger<ServeLog> logger)
{
    /// <summary>A watched file was read again, or could not be.</summary>
    internal void FileChanged(string path, FormatException? wrong)
    {
        if (wrong is null) { FileReadAgain(path); }
        else { FileKept(path, wrong.Message); }
    }

    /// <summary>The configuration was read again.</summary>
    internal void Reloaded(ServeReload reload) => Reloaded(ListOf(reload.Taken), ListOf(reload.NeedsRestart));

    [LoggerMessage(ServeEventIds.RelayMissed, LogLevel.Warning, "{Missed} members of channel {Channel} missed a message: their outboxes are full.", EventName = nameof(RelayMissed))]
    internal partial void RelayMissed(string channel, int missed);

    [LoggerMessage(ServeEventIds.ReloadRefused, LogLevel.Warning, "The configuration stays as it was: {Reason}", EventName = nameof(ReloadRefused))]
    internal partial void ReloadRefused(string reason);

    [LoggerMessage(ServeEventIds.ExecStarted, LogLevel.Information, "The command of {Endpoint} runs as process {ProcessId}.", EventName = nameof(ExecStarted))]
    internal partial void ExecStarted(string endpoint, int processId);

    [LoggerMessage(ServeEventIds.ExecEnded, LogLevel.Warning, "The command of {Endpoint} has ended with exit code {ExitCode}; it is started again in {WaitMs} ms.", EventName = nameof(ExecEnded))]
    internal partial void ExecEnded(string endpoint, int exitCode, double waitMs);

    [LoggerMessage(ServeEventIds.ExecFailed, LogLevel.Warning, "The command of {Endpoint} is ended: {Reason}", EventName = nameof(ExecFailed))]
    internal partial void ExecFailed(string endpoint, string reason);

    [LoggerMessage(ServeEventIds.ExecLineWrong, LogLevel.Warning, "The command of {Endpoint} has written a line that is no action: {Reason}", EventName = nameof(ExecLineWrong))]
    internal partial void ExecLineWrong(string endpoint, string reason);

    [LoggerMessage(ServeEventIds.ExecClientTooSlow, LogLevel.Warning, "Client {SessionId} of {Endpoint} is closed: it does not take what the command sends to it.", EventName = nameof(ExecClientTooSlow))]
    internal partial void ExecClientTooSlow(string endpoint, string sessionId);

    [LoggerMessage(ServeEventIds.ExecMissed, LogLevel.Debug, "The command of {Endpoint} names a connection that is gone: {SessionId}.", EventName = nameof(ExecMissed))]
    internal partial void ExecMissed(string endpoint, string sessionId);

    private static string ListOf(IReadOnlyList<string> keys) => keys.Count == 0 ? "none" : string.Join(", ", keys);

    [LoggerMessage(ServeEventIds.Reloaded, LogLevel.Information, "The configuration was read again. Keys that have changed: {Taken}; that wait for a restart: {NeedsRestart}.", EventName = nameof(Reloaded))]
    private partial void Reloaded(string taken, string needsRestart);

    [LoggerMessage(ServeEventIds.FileReadAgain, LogLevel.Information, "{Path} has changed, and was read again.", EventName = nameof(FileReadAgain))]
    private partial void FileReadAgain(string path);

    [LoggerMessage(ServeEventIds.FileKept, LogLevel.Warning, "{Path} has changed, and what was read before stays: {Reason}", EventName = nameof(FileKept))]
    private partial void FileKept(string path, string reason);
}
