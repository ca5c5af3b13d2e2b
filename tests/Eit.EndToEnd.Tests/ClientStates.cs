using Eit.Connection;

namespace Eit.EndToEnd.Tests;

/// <summary>The state changes of a client.</summary>
internal static class ClientStates
{
    internal static Happenings<EitStateChange> Watch(this EitConnection client)
    {
        var states = new Happenings<EitStateChange>();
        client.StateChanged += (_, change) => states.Add(change);
        return states;
    }

    internal static Task<EitStateChange> UntilAsync(this Happenings<EitStateChange> states, EitConnectionState state) => states.UntilAsync(change => change.Current == state);
}
