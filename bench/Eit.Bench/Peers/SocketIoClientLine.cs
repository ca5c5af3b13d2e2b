using SocketIOClient;

namespace Eit.Bench;

/// <summary>The .NET client's end of a Socket.IO connection.</summary>
internal sealed class SocketIoClientLine(SocketIO client) : ILine
{
    internal const string Event = "m";

    public int PerSend(Message message) => 1;

    public ValueTask SendAsync(Message message) => new(client.EmitAsync(Event, message.Text));

    public async ValueTask DisposeAsync()
    {
        await client.DisconnectAsync();
        client.Dispose();
    }
}
