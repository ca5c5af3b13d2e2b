using System.Collections.Concurrent;
using Eit.Protocol.Wire;
using Eit.Server.Channels;

namespace Eit.Server.Tests.Channels;

/// <summary>Tells what it is called for, and does then what the test wants.</summary>
internal class RecordingHandler : EitChannelHandler
{
    internal ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What a call leads to.</summary>
    internal Func<string, ValueTask> Does { get; set; } = static _ => default;

    public override ValueTask OnChannelCreatedAsync(string path) => CallAsync($"created {path}");

    public override ValueTask OnChannelDeletedAsync(string path) => CallAsync($"deleted {path}");

    public override ValueTask OnConnectAsync(EitSession connection) => CallAsync($"connect {connection.User}");

    public override ValueTask OnDisconnectAsync(EitSession connection, EitSessionEnd end) => CallAsync($"disconnect {connection.User}");

    public override ValueTask OnMessageAsync(EitSession connection, string message) => CallAsync(message);

    public override ValueTask OnOutageAsync(EitSession connection, CloseCode code, string reason) => CallAsync($"outage {connection.User}");

    public override ValueTask OnResumedAsync(EitSession connection, TimeSpan outage) => CallAsync($"resumed {connection.User}");

    public override ValueTask OnTimeoutAsync(string id) => CallAsync($"timeout {id}");

    private ValueTask CallAsync(string call)
    {
        Calls.Enqueue(call);
        return Does(call);
    }
}
