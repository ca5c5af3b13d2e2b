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

    [LoggerMessage(ServeEventIds.RelayMissed, LogLevel.Warning, "{Missed} members of channel {Channel} missed a message: their outboxes are full.", EventName = nameof(RelayMissed))]
    internal partial void RelayMissed(string channel, int missed);

    [LoggerMessage(ServeEventIds.FileReadAgain, LogLevel.Information, "{Path} has changed, and was read again.", EventName = nameof(FileReadAgain))]
    private partial void FileReadAgain(string path);

    [LoggerMessage(ServeEventIds.FileKept, LogLevel.Warning, "{Path} has changed, and what was read before stays: {Reason}", EventName = nameof(FileKept))]
    private partial void FileKept(string path, string reason);
}
