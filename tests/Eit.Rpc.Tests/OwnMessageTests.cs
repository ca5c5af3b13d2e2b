using Eit.Connection;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Rpc.Tests;

/// <summary>The application's own messages, and channels, beside the calls of a connection.</summary>
public sealed class OwnMessageTests
{
    [Fact]
    public async Task The_applications_own_messages_share_the_connection_with_calls()
    {
        var told = new Happenings<string>();
        await using RpcHost host = await RpcHost.StartAsync(_ => new RpcSession { Api = Echoing(), Handler = new Own(told) });
        var heard = new Happenings<string>();
        RpcConnection client = await host.ConnectAsync(prepare: made => made.Connection.OnMessage(heard.Add));
        await using (EitConnection connection = client.Connection)
        {
            Assert.True(connection.Send("own"));
            Assert.Equal("call", await client.CallAsync<string>("echo", "call").Soon());
            Assert.True(connection.Send(new byte[] { 1, 2 }));
            Assert.Equal("answer to own", await heard.NextAsync());
            await told.UntilAsync(static what => what == "2 bytes");
            host.Relay.Refuses = true;                             // Until the server knows of the outage: a resume that is faster than the loss of the transport has none.
            host.Relay.CutAll();
            await told.UntilAsync(static what => what == "outage");
            host.Relay.Refuses = false;
            await told.UntilAsync(static what => what == "resumed");
            connection.InitiateClose();
            await told.UntilAsync(static what => what == "closed");
        }

        Assert.Equal(["connected", "own", "2 bytes", "outage", "resumed", "closed"], told.All);
    }

    [Fact]
    public async Task A_handler_of_messages_that_would_wait_for_a_call_is_told_so_at_once_and_hands_the_call_over_instead()
    {
        var told = new Happenings<string>();
        RpcSession? session = null;
        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession { Api = Echoing(), Handler = new Calling(told, () => session!) });
        RpcConnection? client = null;
        client = await host.ConnectAsync(prepare: made =>
        {
            made.Api = Echoing();
            made.Connection.OnMessage(async text =>
            {
                InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => made.CallAsync<string>("echo", text));
                told.Add($"client {refused.Message.Contains("Post", StringComparison.Ordinal)}");
                Assert.True(made.Post(async () => told.Add($"client {await made.CallAsync<string>("echo", text)}")));
            });
        });
        await using EitConnection connection = client.Connection;

        Assert.True(connection.Send("up"));
        Assert.Equal(["server True", "server up"], [await told.NextAsync(), await told.NextAsync()]);
        Assert.True(session!.Session.Send("down"));

        Assert.Equal(["client True", "client down"], [await told.NextAsync(), await told.NextAsync()]);
    }

    [Fact]
    public async Task Sessions_with_calls_are_members_of_the_channel_of_their_path_and_of_the_group_that_it_puts_them_in()
    {
        var told = new Happenings<string>();
        await using RpcHost host = await RpcHost.StartAsync(static _ => null, map: (app, options) => app.MapEitRpcChannels<Room>(
            "/rooms/{name}",
            context =>
            {
                EitChannels channels = context.RequestServices.GetRequiredService<EitChannels>();
                RpcGroup group = context.RequestServices.GetRequiredService<RpcSessions>().Group(context.Request.Path);
                return ValueTask.FromResult<RpcSession?>(new RpcSession
                {
                    Api = new RpcApi().Add("say", async call => await channels.RunAsync(group.Name, () =>
                    {
                        group.Dispatch(call.Argument<string>(0));
                        return default;
                    })),
                    OnStart = () =>
                    {
                        told.Add($"start {channels.GetConnectionsByChannel(group.Name).Count}");
                        return default;
                    },
                    OnClose = _ =>
                    {
                        told.Add("close");
                        return default;
                    },
                });
            },
            options));
        var heard = new Happenings<string>();
        await using EitConnection one = host.Host.Client("ada", "/rooms/red");
        await using EitConnection two = host.Host.Client("bob", "/rooms/red");
        await using EitConnection other = host.Host.Client("eve", "/rooms/blue");
        await using EitConnection refused = host.Host.Client("eve", "/rooms/none");
        RpcConnection ada = Listen(one, "ada");
        Listen(two, "bob");
        Listen(other, "eve");
        Listen(refused, "nobody");
        var ends = new Happenings<CloseCode>();
        refused.SessionEnded += (_, ended) => ends.Add(ended.Code);
        foreach (EitConnection connection in (EitConnection[])[one, two, other])
        {
            await connection.StartAsync().Soon();
            await told.NextAsync();
        }

        await ada.CallAsync("say", "hello").Soon();
        string[] greeted = [await heard.NextAsync(), await heard.NextAsync()];
        refused.Start();
        CloseCode code = await ends.NextAsync();
        two.InitiateClose();
        await told.UntilAsync(static what => what == "close");

        Assert.Equal(["ada hello", "bob hello"], greeted.Order());
        Assert.Equal(2, heard.All.Count);
        Assert.Equal(CloseCode.Forbidden, code);
        Assert.Equal(["start 1", "start 2", "start 1", "close"], told.All);

        RpcConnection Listen(EitConnection connection, string name)
        {
            RpcConnection client = connection.UseRpc(RpcHost.Options);
            client.OnDispatch<string>(text =>
            {
                heard.Add($"{name} {text}");
                return default;
            });
            return client;
        }
    }

    private static RpcApi Echoing() => new RpcApi().Add("echo", static call =>
    {
        call.Return(call.Argument<string>(0));
        return default;
    });

    private sealed class Own(Happenings<string> told) : EitHandler
    {
        public override ValueTask OnConnectedAsync(EitSession session) => Tell("connected");

        public override ValueTask OnMessageAsync(EitSession session, string message)
        {
            session.Send($"answer to {message}");
            return Tell(message);
        }

        public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) => Tell($"{message.Length} bytes");

        public override ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason) => Tell("outage");

        public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage) => Tell("resumed");

        public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end) => Tell("closed");

        private ValueTask Tell(string what)
        {
            told.Add(what);
            return default;
        }
    }

    private sealed class Calling(Happenings<string> told, Func<RpcSession> caller) : EitHandler
    {
        public override async ValueTask OnMessageAsync(EitSession session, string message)
        {
            InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => caller().CallAsync<string>("echo", message));
            told.Add($"server {refused.Message.Contains("Post", StringComparison.Ordinal)}");
            Assert.True(caller().Post(async () => told.Add($"server {await caller().CallAsync<string>("echo", message)}")));
        }
    }

    private sealed class Room(RpcSessions sessions) : EitChannelHandler
    {
        public override ValueTask OnChannelCreatedAsync(string path) => path == "/rooms/none" ? throw new EitChannelRefusedException("There is no such room.") : default;

        public override ValueTask OnConnectAsync(EitSession connection)
        {
            sessions.Group(connection.Channel).Join(RpcSession.Of(connection)!);
            return default;
        }
    }
}
