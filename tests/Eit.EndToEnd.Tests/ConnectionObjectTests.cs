using System.Net.WebSockets;
using System.Threading.Channels;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Tests.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>The connection object of the second seed: a queue to read, sends of bytes, a patient close.</summary>
public sealed class ConnectionObjectTests
{
    [Fact]
    public async Task The_seeds_handler_greets_waits_for_the_answer_and_closes()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.Map("/ws", handler => handler.Run(context => context.UpgradeEitAsync(
            async connection =>
            {
                await connection.WaitUntilConnectedAsync();
                await connection.SendBlobAsync("Hello Client"u8.ToArray());
                await foreach (EitMessage message in connection.Incoming.ReadAllAsync())
                {
                    if (message.Bytes.Span.SequenceEqual("Hello Server"u8)) { connection.InitiateClose(); }
                }
            },
            admitsPlainClients: true))));
        await using EitConnection client = host.Client(path: "/ws");
        using var plain = new ClientWebSocket();
        plain.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256) == TestHost.CertificateSha256;
        plain.Options.SetRequestHeader("Authorization", $"Bearer {host.Token("ada")}");

        client.Start();
        EitMessage greeting = await client.Incoming.ReadAsync().Soon();
        await client.SendBlobAsync("Hello Server"u8.ToArray()).Soon();
        await client.Incoming.Completion.Soon();
        await plain.ConnectAsync(new Uri($"wss://127.0.0.1:{host.Port}/ws"), CancellationToken.None).Soon();
        byte[] buffer = new byte[100];
        ValueWebSocketReceiveResult plainGreeting = await plain.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).Soon();
        await plain.SendAsync("Hello Server"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None).Soon();
        ValueWebSocketReceiveResult plainEnd = await plain.ReceiveAsync(buffer.AsMemory(50), CancellationToken.None).Soon();

        Assert.Equal("Hello Client"u8.ToArray(), greeting.Bytes.ToArray());
        Assert.Equal("Hello Client"u8.ToArray(), buffer[..plainGreeting.Count]);
        Assert.Equal(WebSocketMessageType.Close, plainEnd.MessageType);
        Assert.Equal(4000, (int?)plain.CloseStatus);
    }

    [Fact]
    public async Task A_message_counts_as_processed_when_it_is_read_and_those_behind_it_wait()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        ChannelReader<EitMessage> incoming = client.Incoming;
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        Task<SendOutcome> first = session.SendAsync("one").AsTask();
        Task<SendOutcome> second = session.SendAsync(new byte[] { 2 }).AsTask();
        await incoming.WaitToReadAsync().Soon();
        int waiting = incoming.Count;
        bool isProcessedBefore = first.IsCompleted;
        Assert.True(incoming.TryRead(out EitMessage read));
        SendOutcome outcome = await first.Soon();
        bool isSecondProcessed = second.IsCompleted;
        EitMessage last = await incoming.ReadAsync().Soon();
        await second.Soon();

        Assert.Equal((1, false, false), (waiting, isProcessedBefore, isSecondProcessed));
        Assert.Equal(("one", SendOutcome.Processed), (read.Text, outcome));
        Assert.Equal((false, 1), (last.IsText, last.Bytes.Length));
    }

    [Fact]
    public async Task Who_reads_has_no_handler_and_who_has_a_handler_does_not_read()
    {
        await using TestHost host = await new Recorder().HostAsync();
        await using EitConnection reads = host.Client();
        await using EitConnection handles = host.Client();
        handles.OnMessage(static _ => { });

        Assert.Same(reads.Incoming, reads.Incoming);
        Assert.Throws<InvalidOperationException>(() => reads.OnMessage(static _ => { }));
        Assert.Throws<InvalidOperationException>(() => handles.Incoming);
    }

    [Fact]
    public async Task The_reader_ends_with_the_connection_behind_what_is_not_read_yet()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        ChannelReader<EitMessage> incoming = client.Incoming;
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();
        session.Send("one");
        await incoming.WaitToReadAsync().Soon();

        session.Abort(CloseCode.Closed, "The test ends it.");
        var read = new List<string?>();
        await Task.Run(async () =>
        {
            await foreach (EitMessage message in incoming.ReadAllAsync()) { read.Add(message.Text); }
        }).Soon();

        Assert.Equal(["one"], read);
        Assert.True(client.IsClosing);
    }

    [Fact]
    public async Task A_close_waits_for_what_is_not_read_yet_as_for_a_handler()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        ChannelReader<EitMessage> incoming = client.Incoming;
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();
        Task<SendOutcome> sending = session.SendAsync("one").AsTask();
        await incoming.WaitToReadAsync().Soon();

        Task closing = session.CloseAsync();
        await Waits.UntilAsync(() => client.IsClosing);
        bool waits = !closing.IsCompleted;
        EitMessage read = await incoming.ReadAsync().Soon();
        await closing.Soon();
        await incoming.Completion.Soon();

        Assert.True(waits);
        Assert.Equal(("one", SendOutcome.Processed), (read.Text, await sending.Soon()));
    }

    [Fact]
    public async Task The_server_sends_nothing_while_it_closes_and_says_so()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        session.InitiateClose();
        bool isClosing = session.IsClosing;
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => session.SendBlobAsync(new byte[1]).AsTask());
        await session.Ended.Soon();

        Assert.True(isClosing);
        Assert.Equal("The session is closing: it sends nothing more.", refused.Message);
        Assert.True(session.IsClosing);
    }

    [Fact]
    public async Task A_session_whose_code_returns_is_closed_and_what_nobody_has_read_is_not_processed()
    {
        TaskCompletionSource<EitSession> begun = Patience.NewSource<EitSession>();
        TaskCompletionSource mayReturn = Patience.NewSource();
        await using TestHost host = await TestHost.StartAsync(app => app.Map("/ws", handler => handler.Run(context => context.UpgradeEitAsync(async connection =>
        {
            begun.SetResult(connection);
            await connection.Incoming.ReadAsync();
            await mayReturn.Task;
        }))));
        await using EitConnection client = host.Client(path: "/ws");
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        EitSession session = await begun.Task.Soon();

        SendOutcome read = await client.SendAsync("one").Soon();
        Task<SendOutcome> unread = client.SendAsync("two").AsTask();
        await session.Incoming.WaitToReadAsync().Soon();
        mayReturn.SetResult();
        EitStateChange end = await states.UntilAsync(EitConnectionState.Closed);
        await session.Ended.Soon();

        Assert.Equal((CloseCode.Closed, SendOutcome.Processed, SendOutcome.Unknown), (end.Code, read, await unread.Soon()));
    }

    [Fact]
    public async Task Code_that_returns_while_its_close_is_under_way_holds_it_up_no_more()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.Map("/ws", handler => handler.Run(context => context.UpgradeEitAsync(async connection =>
        {
            await connection.Incoming.WaitToReadAsync();
            connection.InitiateClose();
        }))));
        await using EitConnection client = host.Client(path: "/ws");
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        long beganAt = TimeProvider.System.GetTimestamp();

        client.Send("never read");
        await states.UntilAsync(EitConnectionState.Closed);

        Assert.True(TimeProvider.System.GetElapsedTime(beganAt) < new SessionSettings().CloseGiveUp);
    }

    [Fact]
    public async Task A_session_whose_code_throws_ends_at_once_and_the_exception_is_logged_at_once()
    {
        using var logs = new CapturedLogs();
        await using TestHost host = await TestHost.StartAsync(
            app => app.Map("/ws", handler => handler.Run(context => context.UpgradeEitAsync(static _ => throw new FormatException("its own"), admitsPlainClients: true))),
            build: builder => builder.Services.AddSingleton<ILoggerFactory>(logs));
        await using RawClient plain = await RawClient.OpenAsync(host, token: host.Token("ada"), path: "/ws", subprotocol: "eit.plain");

        CloseCode code = await plain.UntilClosedAsync();

        Assert.Equal((CloseCode.HandlerFailed, "A handler failed."), (code, plain.CloseReason));
        Assert.Equal("its own", Assert.Single(logs.Entries, static entry => entry is (LogLevel.Error, "ServingThrew", _)).Exception!.Message);
    }

    [Fact]
    public async Task Nothing_is_sent_while_closing_and_the_close_finds_its_way_over_a_new_transport()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port);
        await client.StartAsync().Soon();
        await recorder.Sessions.NextAsync();
        relay.Freeze();

        client.InitiateClose();
        bool isClosing = client.IsClosing;
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => client.SendBlobAsync(new byte[1]).AsTask());
        relay.CutAll();
        relay.Thaw();
        EitSessionEnd end = await recorder.Ends.NextAsync();

        Assert.True(isClosing);
        Assert.Equal("The connection is closing: it sends nothing more.", refused.Message);
        Assert.Equal(CloseCode.Closed, end.Code);
    }
}
