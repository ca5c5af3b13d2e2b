using System.Net;
using Eit.Chaos;
using Eit.Chaos.Faults;

namespace Eit.Cli.Demo;

/// <summary>What stands between the client and the server: passes TCP on, and cuts, refuses and swallows on command.</summary>
internal sealed class DemoRelay(int serverPort, ulong seed) : IAsyncDisposable
{
    private const string Closed = "closed";

    private readonly ChaosProxy _proxy = ChaosProxy.Start(new ChaosProxyOptions { Upstream = new IPEndPoint(IPAddress.Loopback, serverPort), Seed = seed });
    private readonly HashSet<ChaosConnection> _dark = [];

    internal int Port => _proxy.Port;

    /// <summary>Gets how many connections it carries, those not counted that it swallows.</summary>
    internal int LiveCount => Live().Count;

    /// <summary>Resets a connection in the middle of the next bytes that go one way.</summary>
    /// <param name="direction">Which way.</param>
    /// <param name="isOldest">Whether the oldest is meant; else the newest.</param>
    /// <returns>Whether a connection was cut; false when there was none to cut, or it ended by itself.</returns>
    internal async Task<bool> CutAsync(ChaosDirection direction, bool isOldest)
    {
        ChaosConnection? connection = isOldest ? Live().FirstOrDefault() : Live().LastOrDefault();
        if (connection is null) { return false; }
        string cut = connection.Add(new CutFault { Midway = true, Direction = direction });
        return await connection.Ended == cut;
    }

    /// <summary>Swallows from now on all that comes on the connections there are; new ones go through.</summary>
    /// <returns>How many there were.</returns>
    internal int Blacken()
    {
        List<ChaosConnection> live = Live();
        foreach (ChaosConnection connection in live)
        {
            connection.Add(new BlackHoleFault());
            _dark.Add(connection);
        }
        return live.Count;
    }

    /// <summary>Lets nobody in until <see cref="Admit"/>; the connections there are go on.</summary>
    /// <param name="listens">Whether newcomers are accepted, and then reset; else nobody listens.</param>
    internal void Refuse(bool listens) => _proxy.Set(Closed, listens ? new ConnectionLimitFault { Connections = 0 } : new RefuseFault());

    /// <summary>Lets newcomers in again.</summary>
    internal void Admit() => _proxy.Remove(Closed);

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    private List<ChaosConnection> Live() => [.. _proxy.Connections.Where(connection => !_dark.Contains(connection))];
}
