namespace Eit.Link.Tests;

public class WebSocketServerContractTests : TransportContract
{
    protected override async Task<(ITransport Near, ITransport Far)> ConnectAsync()
    {
        (Stream client, Stream server) = await Loopback.ConnectAsync();
        return (Loopback.Wrap(server, isServer: true, Subprotocol), Loopback.Wrap(client, isServer: false, Subprotocol));
    }
}
