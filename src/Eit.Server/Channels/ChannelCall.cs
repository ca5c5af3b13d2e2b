namespace Eit.Server.Channels;

/// <summary>What user code is called for in a channel's turn; a name in the log and a tag of the counters.</summary>
internal enum ChannelCall
{
    Created,
    Deleted,
    Connect,
    Disconnect,
    Message,
    Outage,
    Resumed,
    SlowConsumer,
    Timeout,
    Work,
}
