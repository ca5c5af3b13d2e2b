using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Eit.Protocol.Session;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Rpc.Tests;

/// <summary>socket.red's own client and server, unmodified, against ours.</summary>
public sealed class SocketRedTests
{
    [Fact, Clause("W1.1")]
    public async Task The_npm_client_calls_our_server()
    {
        var closed = new Happenings<string>();
        await using RpcHost host = await HostAsync(closed);
        await using NodeProcess client = NodeProcess.Start("client.js", $"{Address(host)}&join=start");

        await client.Said.UntilAsync(static line => line == "[\"disconnect\"]");
        await closed.NextAsync();

        string[] said = [.. client.Said.All];
        Assert.Equal(
            [
                """["event","hi","A new session has started"]""",
                """["result","Clap Clap Clap with 2"]""",
                """["result","its difficult to clap with so many hands"]""",
                """["error","What kind of a monster are you?"]""",
                """["error","Cannot clap without any hands"]""",
                """["error","Unknown api 'nothing'"]""",
            ],
            said[..6]);
        Assert.Matches(@"^\[""error"",""The call failed \([0-9a-f]{16}\)\.""\]$", said[6]);
        Assert.Equal("""["dispatch",{"type":"schema.insert","schema":"book","payload":{"title":"Dune","pages":412}}]""", said[7]);
        Assert.Equal("""["result",null]""", said[8]);
        Assert.Equal("""["dispatch",{"type":"of a group"}]""", said[9]);
    }

    [Fact]
    public async Task The_npm_client_is_told_that_its_session_is_refused()
    {
        await using RpcHost host = await RpcHost.StartAsync(static _ => null, plain: true);
        await using NodeProcess client = NodeProcess.Start("client.js", Address(host));

        Assert.Equal("[\"refused\"]", await client.Said.NextAsync());
    }

    [Fact]
    public async Task Our_client_calls_the_npm_server()
    {
        await using NodeProcess server = NodeProcess.Start("server.js");
        int port = (await server.NextAsync("port")).GetInt32();
        var events = new Happenings<string>();
        await using var client = new SocketRedClient(RpcHost.Options);
        client.On<string>("hi", text =>
        {
            events.Add(text!);
            return default;
        });
        client.OnDispatch<StoreAction>(action =>
        {
            events.Add($"{action!.Type} {action.Payload.Title}");
            return default;
        });

        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/ada"), allowUnencryptedForDevelopment: true).Soon();

        Assert.Equal("A new session has started", await events.NextAsync());
        Assert.Equal("Clap Clap Clap with 2", await client.CallAsync<string>("clap", 2).Soon());
        Assert.Equal("its difficult to clap with so many hands", await client.CallAsync<string>("clap", 3).Soon());
        Assert.Equal("What kind of a monster are you?", (await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("clap", 11).Soon())).Message);
        Assert.Equal("Cannot clap without any hands", (await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("clap").Soon())).Message);
        Assert.Equal("Unknown api 'nothing'", (await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("nothing").Soon())).Message);
        await client.PostAsync("note", "no answer wanted").Soon();
        Assert.Equal("no answer wanted", (await server.NextAsync("note")).GetString());
        await client.CallAsync("createRecord", "book", new Record("Dune", 412)).Soon();
        Assert.Equal("schema.insert Dune", await events.NextAsync());
        await client.CallAsync("bye").Soon();
        await client.Closed!.Soon();
        RpcCallLostException lost = await Assert.ThrowsAsync<RpcCallLostException>(() => client.CallAsync("clap", 2).Soon());
        Assert.Equal(SendOutcome.NotSent, lost.Outcome);
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("null")]
    public async Task Our_client_is_told_that_the_npm_server_refuses_its_session(string how)
    {
        await using NodeProcess server = NodeProcess.Start("server.js");
        int port = (await server.NextAsync("port")).GetInt32();
        await using var client = new SocketRedClient(RpcHost.Options);

        await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/{how}"), allowUnencryptedForDevelopment: true).Soon());
        await Assert.ThrowsAsync<ArgumentException>(() => new SocketRedClient().ConnectAsync(new Uri($"ws://127.0.0.1:{port}/")));
    }

    [Fact]
    public async Task Our_client_ends_a_connection_more_of_whose_events_wait_than_it_keeps()
    {
        await using RpcHost host = await RpcHost.StartAsync(
            static _ =>
            {
                RpcSession session = null!;
                RpcApi api = new RpcApi().Add("flood", _ =>
                {
                    for (int i = 0; i < 5; i++) { session.Emit("drop", i); }
                    return default;
                });
                return session = new RpcSession { Api = api };
            },
            plain: true,
            tls: false);
        TaskCompletionSource goOn = Patience.NewSource();
        var logs = new CapturedLogs();
        await using var client = new SocketRedClient(RpcHost.Options with { EventsWaitingMax = 2 }, logs);
        client.On<int>("drop", async _ => await goOn.Task);
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{host.Host.Port}/eit"), allowUnencryptedForDevelopment: true).Soon();

        Task call = client.PostAsync("flood");
        await Patience.UntilAsync(() => logs.Entries.Any(static entry => entry.Name == "TooManyEvents"));
        goOn.SetResult();

        await client.Closed!.Soon();
        await call.Soon();
    }

    [Fact, Clause("W1.2")]
    public async Task What_is_malformed_closes_no_plain_session_and_a_call_without_answer_runs()
    {
        var closed = new Happenings<string>();
        await using RpcHost host = await HostAsync(closed);
        using ClientWebSocket socket = await DialAsync(host);
        string first = await NextAsync(socket);                    // The start of the session runs beside the calls.

        foreach (string text in (string[])["junk", "{}", "[]", "[1]", "[1.5,\"clap\",[2]]", "[-1,\"clap\",[2]]", "[1,2,3]", "[1,\"clap\",{}]", "[0,\"createRecord\",[\"book\",{\"title\":\"Emma\",\"pages\":1}]]", "[7,\"clap\",[2]]"])
        {
            await SendAsync(socket, text);
        }

        List<string> heard = [];
        while (heard.Count < 3) { heard.Add(await NextAsync(socket)); }
        Assert.Equal("""[-1,"hi","A new session has started"]""", first);
        Assert.Equal(
            [
                """[0,{"type":"schema.insert","schema":"book","payload":{"title":"Emma","pages":1}}]""",
                """[1,false,"The arguments are no list."]""",
                """[7,true,"Clap Clap Clap with 2"]""",
            ],
            heard.Order(StringComparer.Ordinal));
    }

    [Fact, Clause("W1.3")]
    public async Task A_plain_client_is_told_where_an_action_is_and_gets_what_it_has_missed_when_it_shows_that()
    {
        await using RpcHost host = await HostAsync(new Happenings<string>());
        using ClientWebSocket first = await DialAsync(host);
        await SendAsync(first, "[1,\"join\",[null]]");
        await SendAsync(first, "[2,\"toGroup\",[]]");
        string[] heard = [await NextAsync(first), await NextAsync(first), await NextAsync(first), await NextAsync(first)];
        string dispatched = Assert.Single(heard, static text => text.StartsWith("[0,", StringComparison.Ordinal));
        string position = JsonElement.Parse(dispatched)[2].GetRawText();
        string joined = Assert.Single(heard, static text => text.StartsWith("[1,", StringComparison.Ordinal));
        first.Abort();

        using ClientWebSocket second = await DialAsync(host);
        await SendAsync(second, "[1,\"toGroup\",[]]");
        await SendAsync(second, $"[2,\"join\",[{position}]]");
        string[] caughtUp = [await NextAsync(second), await NextAsync(second), await NextAsync(second), await NextAsync(second)];

        Assert.Matches("""^\[1,true,\{"outcome":"must-reload","position":\{"group":"all","log":"[0-9a-f]{12}","serial":0\}\}\]$""", joined);
        Assert.Matches("""^\[0,\{"type":"of a group"\},\{"group":"all","log":"[0-9a-f]{12}","serial":1\}\]$""", dispatched);
        Assert.Contains(dispatched.Replace("\"serial\":1", "\"serial\":2", StringComparison.Ordinal), caughtUp);
        Assert.Contains($"[2,true,{{\"outcome\":\"caught-up\",\"position\":{position.Replace("\"serial\":1", "\"serial\":2", StringComparison.Ordinal)}}}]", caughtUp);
    }

    private static async Task<ClientWebSocket> DialAsync(RpcHost host)
    {
        var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.Subject is "CN=localhost";
        await socket.ConnectAsync(new Uri(Address(host)), CancellationToken.None).Soon();
        return socket;
    }

    private static Task SendAsync(ClientWebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Soon();

    private static async Task<string> NextAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[4096];
        ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).Soon();
        return Encoding.UTF8.GetString(buffer, 0, got.Count);
    }

    private static string Address(RpcHost host) => $"wss://127.0.0.1:{host.Host.Port}/eit?access_token={Uri.EscapeDataString(host.Host.Token("ada"))}";

    private static Task<RpcHost> HostAsync(Happenings<string> closed)
    {
        var sessions = new ConcurrentDictionary<string, RpcSession>();
        return RpcHost.StartAsync(
            context =>
            {
                var session = new RpcSession();
                session.Api = RpcApi.Of(new SeedTests.ServerApi(sessions)).Add("break", static _ => throw new InvalidOperationException("secret")).Add("bye", call =>
                {
                    _ = session.CloseAsync();
                    return default;
                });
                RpcGroup group = context.RequestServices.GetRequiredService<RpcSessions>().Group("all");
                session.Api.Add("toGroup", _ =>
                {
                    group.Dispatch(JsonElement.Parse("""{"type":"of a group"}"""));
                    return default;
                }).Add("join", call =>
                {
                    call.Return(group.Join(session, call.Argument<RpcPosition?>(0)));
                    return default;
                });
                session.OnStart = () =>
                {
                    if (context.Request.Query["join"] == "start") { group.Join(session); }
                    sessions["one"] = session;
                    session.Emit("hi", "A new session has started");
                    return default;
                };
                session.OnClose = _ =>
                {
                    closed.Add("closed");
                    return default;
                };
                return session;
            },
            plain: true);
    }
}
