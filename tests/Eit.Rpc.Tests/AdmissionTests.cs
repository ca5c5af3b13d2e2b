using System.Net;
using System.Net.WebSockets;
using Eit.Connection;

namespace Eit.Rpc.Tests;

public sealed class AdmissionTests
{
    [Theory]
    [InlineData("null", HttpStatusCode.Unauthorized)]
    [InlineData("rpc", HttpStatusCode.Forbidden)]
    [InlineData("other", HttpStatusCode.InternalServerError)]
    public async Task A_session_that_is_refused_is_answered_with_a_status_and_opens_no_websocket(string how, HttpStatusCode status)
    {
        await using RpcHost host = await RpcHost.StartAsync(_ => how switch
        {
            "null" => null,
            "rpc" => throw new RpcException("Not you."),
            _ => throw new InvalidOperationException("the password is swordfish"),
        });
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("eit.v1.json");
        socket.Options.SetRequestHeader("Authorization", $"Bearer {host.Host.Token("ada")}");
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.Subject is "CN=localhost";
        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"wss://127.0.0.1:{host.Host.Port}/eit"), CancellationToken.None).Soon());

        Assert.Equal(status, socket.HttpStatusCode);
        Assert.Empty(host.Host.Sessions.List());
    }

    [Fact]
    public async Task A_resume_is_authenticated_too_and_goes_on_with_the_session_that_there_is()
    {
        int made = 0;
        var numbers = new Happenings<int>();
        await using RpcHost host = await RpcHost.StartAsync(_ =>
        {
            int number = ++made;
            return new RpcSession
            {
                Api = new RpcApi().Add("number", call =>
                {
                    call.Return(number);
                    return default;
                }),
                OnStart = () =>
                {
                    numbers.Add(number);
                    return default;
                },
            };
        });
        RpcConnection client = await host.ConnectAsync();
        await using EitConnection connection = client.Connection;
        int before = await client.CallAsync<int>("number").Soon();
        int started = await numbers.NextAsync();
        host.Relay.CutAll();
        await Waits.UntilAsync(() => Volatile.Read(ref made) >= 2);   // A client may dial twice.

        int after = await client.CallAsync<int>("number").Soon();

        Assert.Equal((1, 1, 1), (before, started, after));
        Assert.Equal([1], numbers.All);
    }

    [Fact]
    public async Task Before_it_has_started_a_session_says_so()
    {
        var session = new RpcSession();

        Assert.Throws<InvalidOperationException>(() => session.Emit("x", 1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => session.CallAsync("x"));
    }
}
