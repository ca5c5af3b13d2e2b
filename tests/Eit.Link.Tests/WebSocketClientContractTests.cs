namespace Eit.Link.Tests;

public class WebSocketClientContractTests : TransportContract
{
    protected override async Task<(ITransport Near, ITransport Far)> ConnectAsync()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        return (Loopback.Wrap(client, isServer: false, Subprotocol), Loopback.Wrap(server, isServer: true, Subprotocol));
    }
}
