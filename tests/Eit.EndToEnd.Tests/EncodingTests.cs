using System.Collections.Concurrent;
using System.Threading.Channels;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Eit.EndToEnd.Tests;

/// <summary>What has to hold in either encoding, and how the two ends settle on one.</summary>
public sealed class EncodingTests
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    [Theory, Clause("V1.6")]
    [InlineData(null, null, "eit.v1.bin, eit.v1.json", "eit.v1.bin")]
    [InlineData(WireEncoding.Json, null, "eit.v1.json", "eit.v1.json")]
    [InlineData(null, WireEncoding.Json, "eit.v1.bin, eit.v1.json", "eit.v1.json")]
    [InlineData(WireEncoding.Binary, null, "eit.v1.bin", "eit.v1.bin")]
    [InlineData(null, WireEncoding.Binary, "eit.v1.bin, eit.v1.json", "eit.v1.bin")]
    public async Task One_option_at_either_end_forces_json(WireEncoding? atClient, WireEncoding? atServer, string offered, string selected)
    {
        var dials = new Dials();
        await using TestHost host = await StartAsync(dials, options =>
        {
            TestHost.Calm(options);
            options.Encoding = atServer;
        });
        await using EitConnection client = host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.Encoding = atClient;
        });
        client.OnMessage(static _ => { });

        await client.StartAsync().Soon();
        SendOutcome outcome = await client.SendAsync("hello").AsTask().Soon();

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal([(offered, selected)], dials.Subprotocols);
    }

    [Fact, Clause("E1.4", "E1.5")]
    public async Task A_client_that_offers_a_later_version_before_it_is_served_in_version_1()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using RawClient raw = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: "eit.v2.bin", configure: static options =>
        {
            options.AddSubProtocol("eit.v2.json");
            options.AddSubProtocol(WireLimits.JsonSubprotocol);
            options.SetRequestHeader("Eit-Hello-2", "what nobody can read yet");
        });
        await using RawClient tooNew = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: "eit.v2.bin");

        Assert.Equal((WireLimits.JsonSubprotocol, WireLimits.HelloTaken), (raw.Subprotocol, Assert.Single(raw.Headers[WireLimits.HelloHeader])));
        Assert.True((await raw.UntilAsync("welcome")).TryGetProperty("session", out _));
        Assert.Equal(400, tooNew.Status);
    }

    [Fact]
    public async Task Two_ends_that_have_no_encoding_in_common_do_not_come_together()
    {
        var dials = new Dials();
        await using TestHost host = await StartAsync(dials, options => options.Encoding = WireEncoding.Json);
        await using RawClient raw = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: "eit.v1.bin");

        Assert.Equal((400, 0), (raw.Status, host.Sessions.Count));
    }

    [Fact, Clause("B3.3")]
    public async Task Hello_in_the_header_is_json_also_for_a_binary_session()
    {
        var dials = new Dials();
        await using TestHost host = await StartAsync(dials, TestHost.Calm);
        await using EitConnection client = host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.Encoding = WireEncoding.Binary;
        });

        await client.StartAsync().Soon();

        Assert.Equal([("eit.v1.bin", "eit.v1.bin")], dials.Subprotocols);
        Assert.True(JsonFrameReader.TryReadHelloHeader(Assert.Single(dials.Hellos), out Hello? hello));
        Assert.Equal(1, hello!.Epoch);
    }

    [Theory]
    [InlineData(WireEncoding.Json)]
    [InlineData(WireEncoding.Binary)]
    public async Task Texts_and_bytes_in_one_piece_and_in_many_come_back_as_they_were(WireEncoding encoding)
    {
        string[] texts = ["", "hello", "Grüße 😀 \"\\\n\0", new('x', 1_025), string.Concat(Enumerable.Repeat("€😀", 30_000))];
        byte[][] blobs = [[], [0], [.. Enumerable.Range(0, 256).Select(i => (byte)i)], [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7))]];
        await using TestHost host = await StartAsync(new Dials());
        await using EitConnection client = host.Client(configure: options => options.Encoding = encoding);
        Channel<string> heard = Channel.CreateUnbounded<string>();
        Channel<byte[]> received = Channel.CreateUnbounded<byte[]>();
        client.OnMessage(text => heard.Writer.TryWrite(text));
        client.OnBytes(bytes =>
        {
            received.Writer.TryWrite(bytes.ToArray());
            return default;
        });
        await client.StartAsync().Soon();

        foreach (string text in texts) { await client.SendAsync(text, s_accepted).AsTask().Soon(); }
        foreach (byte[] blob in blobs) { await client.SendAsync(blob, s_accepted).AsTask().Soon(); }

        foreach (string text in texts) { Assert.Equal(text, await heard.Reader.ReadAsync().AsTask().Soon()); }
        foreach (byte[] blob in blobs) { Assert.Equal(blob, await received.Reader.ReadAsync().AsTask().Soon()); }
    }

    [Theory]
    [InlineData(WireEncoding.Json)]
    [InlineData(WireEncoding.Binary)]
    public async Task A_session_that_is_cut_and_handed_over_again_and_again_goes_on_in_its_encoding(WireEncoding encoding)
    {
        const int Cuts = 20;
        const int Count = 120;
        const int Bytes = 20_000;
        var dials = new Dials();
        await using TestHost host = await StartAsync(dials, OutageTests.Quick);
        await using var relay = new FaultRelay(host.Port);
        relay.CutPlan = number => number > Cuts ? (null, null) : (10_000 + (number * 4_001), 500_000);
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            OutageTests.QuickClient(options);
            options.Encoding = encoding;
        });
        Channel<string> heard = Channel.CreateUnbounded<string>();
        client.OnMessage(text => heard.Writer.TryWrite(text));
        await client.StartAsync().Soon();
        SessionId? id = client.SessionId;

        await Conversation.SendAsync((text, options) => client.SendAsync(text, options), Count, Bytes).Soon();
        for (int number = 0; number < Count; number++) { Assert.Equal(Conversation.Text(number, Bytes), await heard.Reader.ReadAsync().Soon()); }
        await client.WaitUntilConnectedAsync().Soon();
        while (relay.Dials <= Cuts) { relay.CutAll(); await client.SendAsync("next").Soon(); }
        await client.CycleAsync().Soon();

        string name = WireEncodings.SubprotocolOf(encoding);
        Assert.True(dials.Subprotocols.Count > 2);
        Assert.All(dials.Subprotocols, dial => Assert.Equal((name, name), dial));
        Assert.Equal(id, client.SessionId);
    }

    private static Task<TestHost> StartAsync(Dials dials, Action<EitServerOptions>? configure = null) =>
        TestHost.StartAsync(
            app =>
            {
                app.Use(dials.NoteAsync);
                app.MapEit<Echo>("/eit");
            },
            configure);

    /// <summary>Sends back what comes.</summary>
    private sealed class Echo : EitHandler
    {
        public override async ValueTask OnMessageAsync(EitSession session, string message) => await session.SendAsync(message, s_accepted);

        public override async ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) => await session.SendAsync(message, s_accepted);
    }

    /// <summary>Notes what each dial offers and what the server selects.</summary>
    private sealed class Dials
    {
        internal ConcurrentQueue<(string Offered, string Selected)> Subprotocols { get; } = new();

        internal ConcurrentQueue<string> Hellos { get; } = new();

        internal Task NoteAsync(HttpContext context, RequestDelegate next)
        {
            string offered = context.Request.Headers.SecWebSocketProtocol.ToString();
            Hellos.Enqueue(context.Request.Headers[WireLimits.HelloHeader].ToString());
            context.Response.OnStarting(() =>
            {
                Subprotocols.Enqueue((offered, context.Response.Headers.SecWebSocketProtocol.ToString()));
                return Task.CompletedTask;
            });
            return next(context);
        }
    }
}
