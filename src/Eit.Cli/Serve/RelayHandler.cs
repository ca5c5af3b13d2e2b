using Eit.Link;
using Eit.Server;
using Eit.Server.Channels;

namespace Eit.Cli.Serve;

/// <summary>Passes each message on to the other members of its channel. A member whose outbox is full misses it, and the log says so.</summary>
internal sealed class RelayHandler(EitChannels channels, ServeCounters counters, ServeLog log) : EitChannelHandler
{
    public override ValueTask OnMessageAsync(EitSession connection, string message)
    {
        Note(connection, channels.Broadcast(connection.Channel, message, except: connection));
        return default;
    }

    public override ValueTask OnBytesAsync(EitSession connection, ReadOnlyMemory<byte> message)
    {
        Note(connection, channels.Broadcast(connection.Channel, message, except: connection));
        return default;
    }

    private void Note(EitSession from, BroadcastResult result)
    {
        counters.MessageReceived();
        int full = result.Refused.Count - result.TooLarge.Count;
        if (full > 0) { log.RelayMissed(from.Channel, full); }
        if (result.TooLarge.Count > 0) { log.MessageTooLarge(PeerText.Harmless(from.Channel), result.TooLarge.Count); }
    }
}
