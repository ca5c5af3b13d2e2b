using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server.Tests.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Server.Tests;

public class PlainBridgeTests
{
    [Fact]
    public async Task What_a_client_has_said_waits_for_its_handler_for_as_long_as_that_takes()
    {
        const int Count = 40;
        var time = new ManualTimeProvider();
        await using ServiceProvider services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(time)
            .AddEit(options => (options.Session.WindowMessages, options.Session.WindowMessagesMax) = (16, 16))
            .BuildServiceProvider();
        EitSessions sessions = services.GetRequiredService<EitSessions>();
        (InMemoryTransport client, InMemoryTransport far) = InMemoryTransport.CreatePair("eit.plain");
        var bridge = new PlainBridge(far, sessions.Options.Session, time, sessions.Wheel, NullLogger.Instance);
        var context = new DefaultHttpContext();
        context.Features.Set(bridge);
        var handler = new SlowHandler();
        Assert.Null(sessions.Admit(bridge.ServerLine, bridge.Hello, context, principalKey: null, new SessionPlace(null, "/", Protocol.Wire.WireEncoding.Json), expires: null, _ => new MadeHandler(handler, IsOwned: false)));
        Task running = bridge.RunAsync();

        for (int i = 0; i < Count; i++) { await client.SendAsync(Encoding.UTF8.GetBytes($"{i}"), isText: true, CancellationToken.None); }
        await Waits.UntilAsync(() => handler.Heard.Count == 1);
        EitSession session = Assert.Single(sessions.List());
        byte[] buffer = new byte[16];
        for (int second = 0; second < 90; second++)                // Longer than an outbox keeps its messages; at once, it would look to a write under way as if it had stalled.
        {
            Task<SendOutcome> told = session.SendAsync("tick").AsTask();
            await client.ReceiveAsync(buffer, CancellationToken.None).AsTask().Soon();
            await EndAsync(told);
            Assert.Equal(SendOutcome.Processed, await told);
            time.Advance(TimeSpan.FromSeconds(1));
        }
        handler.MayGoOn.SetResult();
        await Waits.UntilAsync(() => handler.Heard.Contains($"{Count - 1}"));
        client.Abort();
        await EndAsync(running);

        Assert.Equal(Enumerable.Range(0, Count), handler.Heard.Select(text => int.Parse(text, CultureInfo.InvariantCulture)));

        async Task EndAsync(Task task)
        {
            await Waits.UntilAsync(() =>
            {
                time.Advance(TimeSpan.FromMilliseconds(1));        // What acknowledges a message may wait a little.
                return task.IsCompleted;
            });
            await task;
        }
    }

    [Fact, Clause("A1.12")]
    public async Task A_plain_client_that_begins_a_message_and_does_not_go_on_is_closed()
    {
        var time = new ManualTimeProvider();
        await using ServiceProvider services = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(time).AddEit().BuildServiceProvider();
        EitSessions sessions = services.GetRequiredService<EitSessions>();
        var client = new Dripping();
        var bridge = new PlainBridge(client, sessions.Options.Session, time, sessions.Wheel, NullLogger.Instance);
        var context = new DefaultHttpContext();
        context.Features.Set(bridge);
        Assert.Null(sessions.Admit(bridge.ServerLine, bridge.Hello, context, principalKey: null, new SessionPlace(null, "/", Protocol.Wire.WireEncoding.Json), expires: null, _ => new MadeHandler(new SlowHandler(), IsOwned: false)));
        Task running = bridge.RunAsync();

        client.Receive(5_000);
        time.Advance(TimeSpan.FromSeconds(29));
        client.Receive(5_000);
        time.Advance(TimeSpan.FromSeconds(29));
        client.Receive(1);                                         // A drop is no progress.
        bool isOpen = client.Closed is null;
        await Waits.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            return client.Closed is not null && running.IsCompleted;
        });

        Assert.True(isOpen);
        Assert.Equal(Protocol.Wire.CloseCode.Unfinished, client.Closed);
        Assert.Empty(sessions.List());
    }

    /// <summary>A client of which a message comes piece by piece, and never its end.</summary>
    private sealed class Dripping : ITransport
    {
        private readonly Channel<int> _pieces = Channel.CreateUnbounded<int>();

        internal Protocol.Wire.CloseCode? Closed { get; private set; }

        public string Subprotocol => "eit.plain";

        internal void Receive(int bytes) => _pieces.Writer.TryWrite(bytes);

        public async ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (!await _pieces.Reader.WaitToReadAsync(cancellationToken)) { throw new TransportException(); }
            int count = 0;
            if (!buffer.IsEmpty && _pieces.Reader.TryRead(out int bytes))
            {
                count = Math.Min(buffer.Length, bytes);
                if (bytes > count) { _pieces.Writer.TryWrite(bytes - count); }
            }
            return TransportReceive.Data(count, isText: true, endsMessage: false);
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken) => default;

        public ValueTask SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isText, bool endsMessage, CancellationToken cancellationToken) => default;

        public ValueTask CloseAsync(Protocol.Wire.CloseCode code, string reason, CancellationToken cancellationToken)
        {
            Closed = code;
            Abort();
            return default;
        }

        public void Abort() => _pieces.Writer.TryComplete();

        public ValueTask DisposeAsync() => default;
    }

    private sealed class SlowHandler : EitHandler
    {
        internal ConcurrentQueue<string> Heard { get; } = new();

        internal TaskCompletionSource MayGoOn { get; } = Waits.NewSource();

        public override async ValueTask OnMessageAsync(EitSession session, string message)
        {
            Heard.Enqueue(message);
            await MayGoOn.Task;
        }
    }
}
