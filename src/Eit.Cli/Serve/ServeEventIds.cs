namespace Eit.Cli.Serve;

/// <summary>The ids of the tool's log events. None is ever used for another one.</summary>
internal static class ServeEventIds
{
    internal const int FileReadAgain = 5001;
    internal const int FileKept = 5002;
    internal const int RelayMissed = 5003;
}
