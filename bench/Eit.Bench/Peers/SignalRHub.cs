using Microsoft.AspNetCore.SignalR;

namespace Eit.Bench;

/// <summary>The server's end of SignalR.</summary>
internal abstract class SignalRHub(IHubClients clients) : Hub
{
    internal const string Method = "m";
    private static readonly object s_end = new();
    private static int s_connections;

    /// <summary>Gets how many there are.</summary>
    internal static int Connections => Volatile.Read(ref s_connections);

    public override Task OnConnectedAsync()
    {
        Interlocked.Increment(ref s_connections);
        Context.Items[s_end] = new ServerEnd(new ServerLine(clients.Client(Context.ConnectionId)));
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        Interlocked.Decrement(ref s_connections);
        return Task.CompletedTask;
    }

    /// <summary>Takes a message.</summary>
    public ValueTask M(string text) => ((ServerEnd)Context.Items[s_end]!).ReceivedAsync(text);

    /// <summary>The hub without stateful reconnect.</summary>
    internal sealed class Plain(IHubContext<Plain> context) : SignalRHub(context.Clients);

    /// <summary>The hub with stateful reconnect as it comes.</summary>
    internal sealed class Stateful(IHubContext<Stateful> context) : SignalRHub(context.Clients);

    /// <summary>The hub with stateful reconnect and a buffer of 32 MiB.</summary>
    internal sealed class LargeBuffer(IHubContext<LargeBuffer> context) : SignalRHub(context.Clients);

    private sealed class ServerLine(IClientProxy client) : ILine
    {
        public int PerSend(Message message) => 1;

        public ValueTask SendAsync(Message message) => new(client.SendAsync(Method, message.Text));

        public ValueTask DisposeAsync() => default;
    }
}
