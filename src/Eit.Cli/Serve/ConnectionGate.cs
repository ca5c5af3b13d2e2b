using System.Net;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Eit.Cli.Serve;

/// <summary>Bounds the connections that carry no session, in all and for each address: whatever they are doing, no credential has been asked of them yet. One too many is closed at once.</summary>
/// <remarks>Safe from any thread.</remarks>
internal sealed class ConnectionGate(ServeRoom room, ServeLog log)
{
    private const string LocalSocket = "a Unix domain socket";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>Gets how many there are.</summary>
    internal int Count
    {
        get
        {
            lock (_gate) { return _all; }
        }
    }

    /// <summary>Lets a connection through to what serves it, if there is room.</summary>
    internal async Task PassAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        string address = AddressOf(connection.RemoteEndPoint);
        if (!TryEnter(address))
        {
            connection.Abort(new ConnectionAbortedException("There is no room for another connection without a session."));
            return;
        }
        var place = new HeldPlace(this, address, connection.Features.Get<IDecrementConcurrentConnectionCountFeature>());
        connection.Features.Set<IDecrementConcurrentConnectionCountFeature>(place);
        try { await next(connection); }
        finally { place.Leave(); }
    }

    private bool TryEnter(string address)
    {
        string? why = null;
        lock (_gate)
        {
            bool mayShare = address != LocalSocket;                 // A proxy speaks for all of its clients.
            if (_all >= room.BeforeSession) { why = $"there are {_all} without a session, as many as fit"; }
            else if (mayShare && _byAddress.GetValueOrDefault(address) >= room.BeforeSessionOfAddress) { why = $"it has {_byAddress[address]} without a session, as many as one address may have"; }
            else
            {
                _all++;
                CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, address, out _)++;
            }
        }
        if (why is not null) { log.ConnectionRefused(address, why); }
        return why is null;
    }

    private void Leave(string address)
    {
        lock (_gate)
        {
            _all--;
            if (--CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, address, out _) <= 0) { _byAddress.Remove(address); }
        }
    }

    private static string AddressOf(EndPoint? end) => end switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => mapped.Address.MapToIPv4().ToString(),
        IPEndPoint { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } v6 when !IPAddress.IsLoopback(v6.Address) => $"{NetworkOf(v6.Address)}/64",
        IPEndPoint ip => ip.Address.ToString(),
        _ => LocalSocket,
    };

    private static IPAddress NetworkOf(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(bytes.Length / 2).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>A connection's place. The server gives it up when the connection becomes a WebSocket.</summary>
    private sealed class HeldPlace(ConnectionGate gate, string address, IDecrementConcurrentConnectionCountFeature? outer) : IDecrementConcurrentConnectionCountFeature
    {
        private int _hasLeft;

        public void ReleaseConnection()
        {
            Leave();
            outer?.ReleaseConnection();
        }

        internal void Leave()
        {
            if (Interlocked.Exchange(ref _hasLeft, 1) == 0) { gate.Leave(address); }
        }
    }
}
