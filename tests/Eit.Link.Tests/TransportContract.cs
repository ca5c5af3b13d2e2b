using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Link.Tests;

/// <summary>What every transport does, whatever it is made of. One subclass for each transport and role.</summary>
public abstract class TransportContract : IAsyncLifetime
{
    protected const string Subprotocol = "eit.v1.json";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Gets the end under test.</summary>
    protected ITransport Near { get; private set; } = null!;

    /// <summary>Gets the other end.</summary>
    protected ITransport Far { get; private set; } = null!;

    public static TheoryData<int> Lengths => [0, 1, 125, 126, 4_096, 4_097, 16_384, 70_000, 262_144];

    public async Task InitializeAsync() => (Near, Far) = await ConnectAsync();

    public async Task DisposeAsync()
    {
        await Near.DisposeAsync();
        await Far.DisposeAsync();
    }

    [Fact]
    public void Both_ends_know_the_subprotocol()
    {
        Assert.Equal([Subprotocol, Subprotocol], [Near.Subprotocol, Far.Subprotocol]);
    }

    [Theory, MemberData(nameof(Lengths))]
    public async Task A_message_of_any_length_arrives_whole(int length)
    {
        byte[] message = MakeBytes(length);

        Task sending = SendAsync(Near, message);
        Received received = await ReceiveMessageAsync(Far);
        await sending.WaitAsync(s_limit);

        Assert.Equal(message, received.Bytes);
        Assert.False(received.IsText);
    }

    [Fact]
    public async Task Text_and_bytes_arrive_as_what_they_are_and_in_order()
    {
        foreach (string text in new[] { "one", "zwei", "три" }) { await SendTextAsync(Near, text); }
        await SendAsync(Near, [0, 255]);
        await SendTextAsync(Near, "");

        List<Received> received = await ReceiveMessagesAsync(Far, 5);

        Assert.Equal(["one", "zwei", "три"], received.Take(3).Select(message => Encoding.UTF8.GetString(message.Bytes)));
        Assert.Equal([true, true, true, false, true], received.Select(message => message.IsText));
        Assert.Equal([0, 255], received[3].Bytes);
        Assert.Empty(received[4].Bytes);
    }

    [Fact]
    public async Task A_message_larger_than_the_buffer_comes_in_parts_and_only_the_last_ends_it()
    {
        await SendTextAsync(Near, "abcdefg");
        byte[] buffer = new byte[3];

        TransportReceive first = await ReceiveAsync(Far, buffer);
        string firstPart = Encoding.UTF8.GetString(buffer, 0, first.Count);
        TransportReceive second = await ReceiveAsync(Far, buffer);
        TransportReceive third = await ReceiveAsync(Far, buffer);

        Assert.Equal("abc", firstPart);
        Assert.Equal(
            [TransportReceive.Data(3, true, false), TransportReceive.Data(3, true, false), TransportReceive.Data(1, true, true)],
            [first, second, third]);
        Assert.Equal((byte)'g', buffer[0]);
    }

    [Fact]
    public async Task A_zero_byte_receive_waits_for_something_to_read_and_takes_nothing()
    {
        Task<TransportReceive> waiting = Near.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None).AsTask();
        await SendAsync(Near, [0]);
        await ReceiveMessageAsync(Far);
        bool wasPending = !waiting.IsCompleted;
        await SendAsync(Far, [1, 2, 3]);

        TransportReceive waited = await waiting.WaitAsync(s_limit);
        Received received = await ReceiveMessageAsync(Near);

        Assert.True(wasPending);
        Assert.Equal(TransportReceive.Data(0, false, false), waited);
        Assert.Equal([1, 2, 3], received.Bytes);
    }

    [Fact]
    public async Task A_zero_byte_receive_that_meets_an_empty_message_takes_and_reports_it()
    {
        await SendTextAsync(Far, "");
        await SendTextAsync(Far, "x");

        TransportReceive empty = await ReceiveAsync(Near, []);
        TransportReceive next = await ReceiveAsync(Near, []);

        Assert.Equal(TransportReceive.Data(0, isText: true, endsMessage: true), empty);
        Assert.Equal(TransportReceive.Data(0, isText: true, endsMessage: false), next);
        Assert.Equal("x"u8.ToArray(), (await ReceiveMessageAsync(Near)).Bytes);
    }

    [Fact]
    public async Task A_zero_byte_receive_meets_a_close_as_any_receive_does()
    {
        await CloseAsync(Far, CloseCode.Draining, "bye");

        Assert.Equal(TransportReceive.Closed(CloseCode.Draining, "bye"), await ReceiveAsync(Near, []));
    }

    [Fact]
    public async Task The_senders_buffer_is_its_own_again_after_the_send()
    {
        byte[] message = [1, 2, 3];

        await SendAsync(Near, message);
        message[1] = 99;

        Assert.Equal([1, 2, 3], (await ReceiveMessageAsync(Far)).Bytes);
    }

    [Fact]
    public async Task Many_messages_cross_in_both_directions_at_once()
    {
        const int Count = 1_000;

        Task[] sending = [SendNumberedAsync(Near, Count), SendNumberedAsync(Far, Count)];
        Task<List<Received>>[] receiving = [ReceiveMessagesAsync(Near, Count), ReceiveMessagesAsync(Far, Count)];
        await Task.WhenAll([.. sending, .. receiving]).WaitAsync(s_limit);

        foreach (Task<List<Received>> received in receiving)
        {
            Assert.Equal(Enumerable.Range(0, Count), (await received).Select(message => BitConverter.ToInt32(message.Bytes)));
        }
    }

    [Fact]
    public async Task A_close_comes_after_what_was_sent_before_it_with_code_and_reason()
    {
        await SendAsync(Near, [1]);
        await CloseAsync(Near, CloseCode.Timeout, "silent for 5 s");

        Received received = await ReceiveMessageAsync(Far);
        TransportReceive closed = await ReceiveAsync(Far, new byte[10]);

        Assert.Equal([1], received.Bytes);
        Assert.Equal(TransportReceive.Closed(CloseCode.Timeout, "silent for 5 s"), closed);
    }

    [Fact]
    public async Task A_close_is_answered_and_that_ends_the_receive_of_the_end_that_closed()
    {
        Task<TransportReceive> nearReceives = Near.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        await CloseAsync(Near, CloseCode.Closed, "done");
        await ReceiveAsync(Far, new byte[10]);
        TransportReceive answer = await nearReceives.WaitAsync(s_limit);

        Assert.Equal(TransportReceive.Closed(CloseCode.Closed, "done"), answer);
    }

    [Fact]
    public async Task Until_the_peers_close_comes_the_end_that_closed_still_receives()
    {
        await CloseAsync(Near, CloseCode.Cycled, "");
        await SendAsync(Far, [7]);
        await CloseAsync(Far, CloseCode.Moved, "crossed");

        Received received = await ReceiveMessageAsync(Near);
        TransportReceive closed = await ReceiveAsync(Near, new byte[10]);

        Assert.Equal([7], received.Bytes);
        Assert.Equal(TransportReceive.Closed(CloseCode.Moved, "crossed"), closed);
    }

    [Fact]
    public async Task Only_the_first_close_is_sent()
    {
        await CloseAsync(Near, CloseCode.Cycled, "first");
        await CloseAsync(Near, CloseCode.Closed, "second");

        Assert.Equal(TransportReceive.Closed(CloseCode.Cycled, "first"), await ReceiveAsync(Far, new byte[10]));
    }

    [Fact]
    public async Task After_a_close_nothing_can_be_sent()
    {
        await CloseAsync(Near, CloseCode.Cycled, "");

        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Near, [1]));
    }

    [Fact]
    public async Task After_the_peers_close_there_is_nothing_to_receive_and_nothing_to_send()
    {
        await CloseAsync(Far, CloseCode.Cycled, "");
        await ReceiveAsync(Near, new byte[10]);

        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Near, new byte[10]));
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Near, [1]));
    }

    [Fact]
    public async Task A_reason_is_made_fit_for_the_wire()
    {
        await CloseAsync(Near, CloseCode.Malformed, new string('é', 200));

        Assert.Equal(TransportReceive.Closed(CloseCode.Malformed, new string('?', 123)), await ReceiveAsync(Far, new byte[10]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(1_005)]
    [InlineData(1_006)]
    [InlineData(1_015)]
    [InlineData(2_999)]
    [InlineData(5_000)]
    public async Task A_code_that_may_not_stand_in_a_close_is_the_callers_mistake(int code)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => CloseAsync(Near, (CloseCode)code, ""));
        await SendAsync(Near, [1]);

        Assert.Equal([1], (await ReceiveMessageAsync(Far)).Bytes);
    }

    [Fact]
    public async Task An_abort_ends_the_pending_receive_as_a_loss()
    {
        Task<TransportReceive> receiving = Near.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        Near.Abort();

        await Assert.ThrowsAsync<TransportException>(() => receiving.WaitAsync(s_limit));
        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Near, new byte[10]));
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Near, [1]));
    }

    [Fact]
    public async Task An_abort_ends_a_send_that_waits_for_the_peer()
    {
        Task sending = StallAsync(Near, CancellationToken.None);

        Near.Abort();

        await Assert.ThrowsAsync<TransportException>(() => sending.WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_peer_that_aborts_is_a_loss()
    {
        Task<TransportReceive> receiving = Near.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        Far.Abort();

        await Assert.ThrowsAsync<TransportException>(() => receiving.WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_peer_that_disposes_without_a_close_is_a_loss()
    {
        Task<TransportReceive> receiving = Near.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        await Far.DisposeAsync();

        await Assert.ThrowsAsync<TransportException>(() => receiving.WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_dispose_ends_the_pending_receive()
    {
        Task<TransportReceive> receiving = Near.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        await Near.DisposeAsync();

        await Assert.ThrowsAsync<TransportException>(() => receiving.WaitAsync(s_limit));
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Near, [1]));
    }

    [Fact]
    public async Task A_dispose_after_the_answer_costs_the_peer_nothing()
    {
        await CloseAsync(Far, CloseCode.Closed, "done");
        await ReceiveAsync(Near, new byte[10]);

        await Near.DisposeAsync();

        Assert.Equal(TransportReceive.Closed(CloseCode.Closed, "done"), await ReceiveAsync(Far, new byte[10]));
    }

    [Fact]
    public async Task Abort_close_and_dispose_may_come_again_and_in_any_order()
    {
        Near.Abort();
        Near.Abort();
        await CloseAsync(Near, CloseCode.Closed, "");
        await Near.DisposeAsync();
        await Near.DisposeAsync();
        Near.Abort();
        await CloseAsync(Near, CloseCode.Closed, "");

        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Near, new byte[10]));
    }

    [Fact]
    public async Task A_receive_that_is_cancelled_says_so_and_loses_the_transport()
    {
        using CancellationTokenSource source = new();
        Task<TransportReceive> receiving = Near.ReceiveAsync(new byte[10], source.Token).AsTask();
        Task<TransportReceive> farReceives = Far.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        await source.CancelAsync();

        OperationCanceledException canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.WaitAsync(s_limit));
        Assert.Equal(source.Token, canceled.CancellationToken);
        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Near, new byte[10]));
        await Assert.ThrowsAsync<TransportException>(() => farReceives.WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_send_that_is_cancelled_says_so_and_loses_the_transport()
    {
        using CancellationTokenSource source = new();
        Task sending = StallAsync(Near, source.Token);

        await source.CancelAsync();

        OperationCanceledException canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WaitAsync(s_limit));
        Assert.Equal(source.Token, canceled.CancellationToken);
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Near, [1]));
    }

    [Theory]
    [InlineData("receive")]
    [InlineData("send")]
    [InlineData("close")]
    public async Task What_begins_cancelled_says_so_and_loses_the_transport(string what)
    {
        CancellationToken canceled = new(canceled: true);

        Task operation = what switch
        {
            "receive" => Near.ReceiveAsync(new byte[10], canceled).AsTask(),
            "send" => Near.SendAsync(new byte[1], isText: false, canceled).AsTask(),
            _ => Near.CloseAsync(CloseCode.Closed, "", canceled).AsTask(),
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => operation.WaitAsync(s_limit));
        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Near, new byte[10]));
    }

    [Fact]
    public async Task A_token_that_is_cancelled_after_its_receive_harms_nothing()
    {
        using CancellationTokenSource source = new();
        Task<TransportReceive> first = Near.ReceiveAsync(new byte[10], source.Token).AsTask();
        await SendAsync(Far, [1]);
        await first.WaitAsync(s_limit);
        Task<TransportReceive> second = Near.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        await source.CancelAsync();
        await SendAsync(Far, [2]);

        Assert.Equal(TransportReceive.Data(1, isText: false, endsMessage: true), await second.WaitAsync(s_limit));
    }

    protected static async Task<TransportReceive> ReceiveAsync(ITransport transport, byte[] buffer) =>
        await transport.ReceiveAsync(buffer, CancellationToken.None).AsTask().WaitAsync(s_limit);

    protected static async Task SendAsync(ITransport transport, byte[] message) =>
        await transport.SendAsync(message, isText: false, CancellationToken.None).AsTask().WaitAsync(s_limit);

    protected static async Task<Received> ReceiveMessageAsync(ITransport transport)
    {
        byte[] buffer = new byte[16_384];
        using MemoryStream message = new();
        while (true)
        {
            TransportReceive received = await ReceiveAsync(transport, buffer);
            Assert.Equal(TransportReceiveKind.Data, received.Kind);
            message.Write(buffer, 0, received.Count);
            if (received.EndsMessage) { return new Received(message.ToArray(), received.IsText); }
        }
    }

    protected static async Task<List<Received>> ReceiveMessagesAsync(ITransport transport, int count)
    {
        List<Received> received = [];
        while (received.Count < count) { received.Add(await ReceiveMessageAsync(transport)); }
        return received;
    }

    protected static byte[] MakeBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Opens a connection; the end under test comes first.</summary>
    protected abstract Task<(ITransport Near, ITransport Far)> ConnectAsync();

    // Nobody receives: sooner or later a send has to wait. If it is taken after all, a later one waits.
    private static async Task StallAsync(ITransport transport, CancellationToken cancellationToken)
    {
        byte[] message = new byte[65_536];
        for (int sent = 0; sent < 10_000; sent++) { await transport.SendAsync(message, isText: false, cancellationToken); }
        throw new InvalidOperationException("10,000 messages went into the void.");
    }

    private static Task SendTextAsync(ITransport transport, string text) =>
        transport.SendAsync(Encoding.UTF8.GetBytes(text), isText: true, CancellationToken.None).AsTask().WaitAsync(s_limit);

    private static Task CloseAsync(ITransport transport, CloseCode code, string reason) =>
        transport.CloseAsync(code, reason, CancellationToken.None).AsTask().WaitAsync(s_limit);

    private static async Task SendNumberedAsync(ITransport transport, int count)
    {
        for (int i = 0; i < count; i++) { await SendAsync(transport, BitConverter.GetBytes(i)); }
    }

    /// <summary>A whole message as it came.</summary>
    protected sealed record Received(byte[] Bytes, bool IsText);
}
