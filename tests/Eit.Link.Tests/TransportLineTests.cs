using Eit.Protocol.Wire;

namespace Eit.Link.Tests;

public class TransportLineTests
{
    [Fact, Clause("F1.6")]
    public async Task A_message_that_does_not_end_takes_no_more_memory_than_the_limit_allows()
    {
        var transport = new EndlessTransport();
        var line = new TransportLine(transport, epoch: 1, new JsonFrameReader(), new JsonFrameWriter());

        for (int i = 0; i < 50; i++)
        {
            LineRead read = await line.ReadMessageAsync();
            Assert.Equal(CloseCode.TooLarge, read.Violation?.Code);
        }

        Assert.InRange(transport.LargestBuffer, 1, 4 * WireLimits.TransportMessageBytesMax);
        await line.ReleaseAsync();
    }

    /// <summary>One message of white space without an end.</summary>
    private sealed class EndlessTransport : ITransport
    {
        public int LargestBuffer { get; private set; }

        public string Subprotocol => WireLimits.JsonSubprotocol;

        public ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            LargestBuffer = Math.Max(LargestBuffer, buffer.Length);
            buffer.Span.Fill((byte)' ');
            return new ValueTask<TransportReceive>(TransportReceive.Data(buffer.Length, isText: true, endsMessage: false));
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken) => default;

        public ValueTask SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isText, bool endsMessage, CancellationToken cancellationToken) => default;

        public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken) => default;

        public void Abort()
        {
            // It has no other end.
        }

        public ValueTask DisposeAsync() => default;
    }
}
