using Eit.Link;
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

    /// <summary>Members of a channel have missed a message.</summary>
    internal void RelayMissed(string channel, int missed)
    {
        if (MayWrite(nameof(RelayMissed), channel)) { RelayMissedOnce(PeerText.Harmless(channel), missed); }
    }

    /// <summary>A connection was closed as soon as it was there.</summary>
    internal void ConnectionRefused(string address, string why)
    {
        if (MayWrite(nameof(ConnectionRefused), address)) { ConnectionRefusedOnce(address, why); }
    }

    /// <summary>A command has written what is no action.</summary>
    internal void ExecLineWrong(string endpoint, string reason)
    {
        if (MayWrite(nameof(ExecLineWrong), endpoint)) { ExecLineWrongOnce(endpoint, PeerText.Harmless(reason)); }
    }

    [LoggerMessage(ServeEventIds.SessionsDoNotFit, LogLevel.Warning, "sessionsMax: {Why}.", EventName = nameof(SessionsDoNotFit))]
    internal partial void SessionsDoNotFit(string why);

    [LoggerMessage(ServeEventIds.ConnectionRefused, LogLevel.Warning, "A connection of {Address} was closed: {Why}.", EventName = nameof(ConnectionRefused))]
    private partial void ConnectionRefusedOnce(string address, string why);

    [LoggerMessage(ServeEventIds.RelayMissed, LogLevel.Warning, "{Missed} members of channel {Channel} missed a message: their outboxes are full.", EventName = nameof(RelayMissed))]
    private partial void RelayMissedOnce(string channel, int missed);

    [LoggerMessage(ServeEventIds.MessageTooLarge, LogLevel.Debug, "{Missed} clients at {Path} missed a message: they have said in hello that they take none as large.", EventName = nameof(MessageTooLarge))]
    internal partial void MessageTooLarge(string path, int missed);

    [LoggerMessage(ServeEventIds.ReloadRefused, LogLevel.Warning, "The configuration stays as it was: {Reason}", EventName = nameof(ReloadRefused))]
    internal partial void ReloadRefused(string reason);

    [LoggerMessage(ServeEventIds.ExecStarted, LogLevel.Information, "The command of {Endpoint} runs as process {ProcessId}.", EventName = nameof(ExecStarted))]
    internal partial void ExecStarted(string endpoint, int processId);

    [LoggerMessage(ServeEventIds.ExecEnded, LogLevel.Warning, "The command of {Endpoint} has ended with exit code {ExitCode}; it is started again in {WaitMs} ms.", EventName = nameof(ExecEnded))]
    internal partial void ExecEnded(string endpoint, int exitCode, double waitMs);

    [LoggerMessage(ServeEventIds.ExecFailed, LogLevel.Warning, "The command of {Endpoint} is ended: {Reason}", EventName = nameof(ExecFailed))]
    internal partial void ExecFailed(string endpoint, string reason);

    [LoggerMessage(ServeEventIds.ExecLineWrong, LogLevel.Warning, "The command of {Endpoint} has written a line that is no action: {Reason}", EventName = nameof(ExecLineWrong))]
    private partial void ExecLineWrongOnce(string endpoint, string reason);

    [LoggerMessage(ServeEventIds.ExecClientTooSlow, LogLevel.Warning, "Client {SessionId} of {Endpoint} is closed: it does not take what the command sends to it.", EventName = nameof(ExecClientTooSlow))]
    internal partial void ExecClientTooSlow(string endpoint, string sessionId);

    [LoggerMessage(ServeEventIds.ExecMissed, LogLevel.Debug, "The command of {Endpoint} names a connection that is gone: {SessionId}.", EventName = nameof(ExecMissed))]
    internal partial void ExecMissed(string endpoint, string sessionId);

    /// <summary>What a client or a command can make happen again and again is not a line each time.</summary>
    private bool MayWrite(string kind, string source) => DeadlineWheel.Shared.LimitedLog.MayWrite(logger, LogLevel.Warning, kind, source);

    private static string ListOf(IReadOnlyList<string> keys) => keys.Count == 0 ? "none" : string.Join(", ", keys);

    [LoggerMessage(ServeEventIds.Reloaded, LogLevel.Information, "The configuration was read again. Keys that have changed: {Taken}; that wait for a restart: {NeedsRestart}.", EventName = nameof(Reloaded))]
    private partial void Reloaded(string taken, string needsRestart);

    [LoggerMessage(ServeEventIds.FileReadAgain, LogLevel.Information, "{Path} has changed, and was read again.", EventName = nameof(FileReadAgain))]
    private partial void FileReadAgain(string path);

    [LoggerMessage(ServeEventIds.FileKept, LogLevel.Warning, "{Path} has changed, and what was read before stays: {Reason}", EventName = nameof(FileKept))]
    private partial void FileKept(string path, string reason);
}
