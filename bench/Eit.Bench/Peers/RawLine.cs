using System.Buffers.Binary;
using System.Net.WebSockets;

namespace Eit.Bench;

/// <summary>One end of a bare WebSocket: a WebSocket message for each message, or the messages packed by hand into WebSocket messages of 16 KiB.</summary>
internal sealed class RawLine(WebSocket socket, bool isBatched) : ILine
{
    private Task _receiving = Task.CompletedTask;

    public int PerSend(Message message) => isBatched ? message.BatchCount : 1;

    public ValueTask SendAsync(Message message) => socket.SendAsync((isBatched ? message.Batch : message.Bytes).AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);

    /// <summary>Gets a task that ends when nothing more comes.</summary>
    internal Task Ended => _receiving;

    internal void BeginReceiving(ReceiveHandler received) => _receiving = ReceiveAsync(received);

    /// <summary>Receives until the other end closes. An idle line holds no buffer.</summary>
    internal async Task ReceiveAsync(ReceiveHandler received)
    {
        byte[] buffer = [];
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult got = await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
                if (got.MessageType == WebSocketMessageType.Close) { break; }
                if (buffer.Length == 0) { buffer = new byte[32 * 1024]; }
                int length = 0;
                do
                {
                    got = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += got.Count;
                }
                while (!got.EndOfMessage);
                if (got.MessageType == WebSocketMessageType.Close) { break; }
                if (!isBatched) { await received(buffer.AsSpan(0, length)); }
                else { await UnpackAsync(buffer.AsMemory(0, length), received); }
            }
            if (socket.State == WebSocketState.CloseReceived) { await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None); }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other end is gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        try { await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None); }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other end is gone.
        }
        await Task.WhenAny(_receiving, Task.Delay(TimeSpan.FromSeconds(1)));
        socket.Dispose();
    }

    private static async ValueTask UnpackAsync(ReadOnlyMemory<byte> batch, ReceiveHandler received)
    {
        for (int at = 0; at < batch.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(batch.Span[at..]);
            await received(batch.Span.Slice(at + sizeof(int), length));
            at += sizeof(int) + length;
        }
    }

    /// <summary>Takes a message.</summary>
    internal delegate ValueTask ReceiveHandler(ReadOnlySpan<byte> bytes);
}
