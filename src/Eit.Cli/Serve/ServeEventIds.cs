namespace Eit.Cli.Serve;

/// <summary>The ids of the tool's log events. None is ever used for another one.</summary>
internal static class ServeEventIds
{
    internal const int FileReadAgain = 5001;
    internal const int FileKept = 5002;
    internal const int RelayMissed = 5003;
    internal const int Reloaded = 5004;
    internal const int ReloadRefused = 5005;
    internal const int ExecStarted = 5006;
    internal const int ExecEnded = 5007;
    internal const int ExecFailed = 5008;
    internal const int ExecLineWrong = 5009;
    internal const int ExecClientTooSlow = 5010;
    internal const int ExecMissed = 5011;
    internal const int ConnectionRefused = 5012;
    internal const int SessionsDoNotFit = 5013;
    internal const int MessageTooLarge = 5040;
}
