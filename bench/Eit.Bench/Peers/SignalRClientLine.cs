namespace Eit.Bench;

/// <summary>The client's end of a SignalR connection.</summary>
internal sealed class SignalRClientLine(SignalRClient client) : ILine
{
    internal SignalRClient Client => client;

    public int PerSend(Message message) => 1;

    public ValueTask SendAsync(Message message) => client.SendAsync(SignalRHub.Method, message.Text);

    public ValueTask DisposeAsync() => client.DisposeAsync();
}
