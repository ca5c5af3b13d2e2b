using System.Net.WebSockets;
using System.Threading.Channels;
using Eit.Link;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Eit.Server;

/// <summary>What the life and the end of a session need is loaded when the host starts: later there may be no descriptor left to open a file with.</summary>
internal static class NeededTypes
{
    private static readonly Type[] s_types =
    [
        typeof(Channel), typeof(ChannelClosedException), typeof(WebSocket), typeof(IHttpUpgradeFeature), typeof(WebEncoders),
        typeof(System.Collections.Immutable.ImmutableArray), typeof(WebSocketTransport), typeof(InMemoryTransport), typeof(TransportException),
    ];

    internal static void Load()
    {
        foreach (Type type in s_types) { GC.KeepAlive(type); }
    }
}
