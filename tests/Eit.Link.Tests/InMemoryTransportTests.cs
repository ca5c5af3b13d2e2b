using Eit.Protocol.Wire;

namespace Eit.Link.Tests;

public class InMemoryTransportTests : TransportContract
{
    private InMemoryTransport First => (InMemoryTransport)Near;

    [Fact]
    public async Task A_full_buffer_makes_the_sender_wait_until_one_message_is_received()
    {
        (InMemoryTransport sender, InMemoryTransport receiver) = InMemoryTransport.CreatePair("", bufferedMessagesMax: 2);
        await SendAsync(sender, [1]);
        await SendAsync(sender, [2]);

        Task third = SendAsync(sender, [3]);
        bool waited = !third.IsCompleted;
        byte first = (await ReceiveMessageAsync(receiver)).Bytes[0];
        await third;

        Assert.True(waited);
        Assert.Equal(1, first);
        Assert.Equal([[2], [3]], await ReceiveAllAsync(receiver, 2));
    }

    [Fact]
    public async Task A_close_follows_the_message_that_waits_for_room()
    {
        (InMemoryTransport sender, InMemoryTransport receiver) = InMemoryTransport.CreatePair("", bufferedMessagesMax: 1);
        await SendAsync(sender, [1]);
        Task waiting = SendAsync(sender, [2]);

        await sender.CloseAsync(CloseCode.Closed, "", CancellationToken.None);
        await waiting;

        Assert.Equal([[1], [2]], await ReceiveAllAsync(receiver, 2));
        Assert.Equal(TransportReceiveKind.Closed, (await ReceiveAsync(receiver, [])).Kind);
    }

    [Fact]
    public async Task A_second_receive_or_send_beside_a_pending_one_is_the_callers_mistake()
    {
        (InMemoryTransport first, InMemoryTransport second) = InMemoryTransport.CreatePair("", bufferedMessagesMax: 1);
        Task receiving = ReceiveAsync(first, new byte[1]);
        await SendAsync(first, [1]);
        Task sending = SendAsync(first, [2]);

        await Assert.ThrowsAsync<InvalidOperationException>(() => ReceiveAsync(first, new byte[1]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => SendAsync(first, [3]));

        second.Abort();
        await Assert.ThrowsAsync<TransportException>(() => receiving);
        await Assert.ThrowsAsync<TransportException>(() => sending);
    }

    [Fact]
    public async Task What_is_sent_into_a_black_hole_arrives_in_order_after_the_thaw()
    {
        await SendAsync(Near, [0]);
        First.Freeze();
        await SendAsync(Near, [1]);
        await SendAsync(Near, [2]);
        byte[] before = (await ReceiveMessageAsync(Far)).Bytes;
        Task<Received> afterwards = ReceiveMessageAsync(Far);
        bool wasSilent = !afterwards.IsCompleted;

        First.Thaw();
        await SendAsync(Near, [3]);

        Assert.True(wasSilent);
        Assert.Equal([0], before);
        Assert.Equal([1], (await afterwards).Bytes);
        Assert.Equal([[2], [3]], await ReceiveAllAsync(Far, 2));
    }

    [Fact]
    public async Task A_thaw_keeps_the_order_of_a_message_that_waited_for_room()
    {
        (InMemoryTransport sender, InMemoryTransport receiver) = InMemoryTransport.CreatePair("", bufferedMessagesMax: 2);
        sender.Freeze();
        await SendAsync(sender, [1]);
        await SendAsync(sender, [2]);
        Task waiting = SendAsync(sender, [3]);
        Task<Received> first = ReceiveMessageAsync(receiver);

        sender.Thaw();
        await waiting;

        Assert.Equal([1], (await first).Bytes);
        Assert.Equal([[2], [3]], await ReceiveAllAsync(receiver, 2));
    }

    [Fact]
    public async Task A_black_hole_has_one_direction()
    {
        First.Freeze();

        await SendAsync(Far, [1]);

        Assert.Equal([1], (await ReceiveMessageAsync(Near)).Bytes);
    }

    [Fact]
    public async Task A_loss_passes_a_black_hole_only_when_it_thaws()
    {
        First.Freeze();
        await SendAsync(Near, [1]);
        Task<TransportReceive> receiving = Far.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();

        Near.Abort();
        for (int i = 0; i < 1_000; i++) { await SendAsync(Far, [2]); }
        bool wasSilent = !receiving.IsCompleted;
        First.Thaw();

        Assert.True(wasSilent);
        Assert.Equal(TransportReceive.Data(1, isText: false, endsMessage: true), await receiving);
        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Far, new byte[10]));
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Far, [3]));
    }

    [Fact]
    public async Task A_close_passes_a_black_hole_only_when_it_thaws()
    {
        First.Freeze();
        await Near.CloseAsync(CloseCode.Draining, "", CancellationToken.None);
        Task<TransportReceive> receiving = Far.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();
        bool wasSilent = !receiving.IsCompleted;

        First.Thaw();

        Assert.True(wasSilent);
        Assert.Equal(CloseCode.Draining, (await receiving).Code);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(10, 5)]
    public async Task A_cut_in_a_message_delivers_half_of_it_without_its_end_and_then_the_loss(int length, int delivered)
    {
        await SendAsync(Near, [9]);
        First.CutMidMessage();
        Task<TransportReceive> nearReceives = Near.ReceiveAsync(new byte[1], CancellationToken.None).AsTask();

        await SendAsync(Near, new byte[length]);

        Assert.Equal([9], (await ReceiveMessageAsync(Far)).Bytes);
        Assert.Equal(TransportReceive.Data(delivered, isText: false, endsMessage: false), await ReceiveAsync(Far, new byte[100]));
        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(Far, new byte[100]));
        await Assert.ThrowsAsync<TransportException>(() => nearReceives);
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Near, [1]));
        await Assert.ThrowsAsync<TransportException>(() => SendAsync(Far, [1]));
    }

    [Fact]
    public async Task A_cut_also_hits_a_message_that_had_to_wait()
    {
        (InMemoryTransport sender, InMemoryTransport receiver) = InMemoryTransport.CreatePair("", bufferedMessagesMax: 1);
        await SendAsync(sender, [1]);
        sender.CutMidMessage();
        Task waiting = SendAsync(sender, [2, 3]);

        await ReceiveMessageAsync(receiver);
        await waiting;

        Assert.Equal(TransportReceive.Data(1, isText: false, endsMessage: false), await ReceiveAsync(receiver, new byte[10]));
        await Assert.ThrowsAsync<TransportException>(() => ReceiveAsync(receiver, new byte[10]));
    }

    [Fact]
    public void A_send_and_a_receive_that_need_not_wait_allocate_nothing()
    {
        byte[] message = new byte[1_000];
        byte[] buffer = new byte[2_000];

        AssertAllocation.None(() =>
        {
            AssertAllocation.IsDone(Near.SendAsync(message, isText: false, CancellationToken.None));
            return AssertAllocation.ResultOf(Far.ReceiveAsync(buffer, CancellationToken.None)).Count;
        });
    }

    protected override Task<(ITransport Near, ITransport Far)> ConnectAsync()
    {
        (InMemoryTransport first, InMemoryTransport second) = InMemoryTransport.CreatePair(Subprotocol);
        return Task.FromResult<(ITransport, ITransport)>((first, second));
    }

    private static async Task<List<byte[]>> ReceiveAllAsync(ITransport transport, int count) =>
        [.. (await ReceiveMessagesAsync(transport, count)).Select(received => received.Bytes)];
}
