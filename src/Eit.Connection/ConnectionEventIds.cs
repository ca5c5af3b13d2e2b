namespace Eit.Connection;

/// <summary>The ids of the log events of this assembly; none is ever used again for something else.</summary>
internal static class ConnectionEventIds
{
    internal const int StateChanged = 200;
    internal const int DialFailed = 201;
    internal const int CycleFailed = 202;
    internal const int RedialGivenUp = 203;
    internal const int NetworkChanged = 204;
    internal const int SessionBegan = 205;
}
