namespace Eit.Testing.Transport;

/// <summary>One end of a connection in memory, as a WebSocket wants it.</summary>
internal sealed class FlowStream(Lock gate, Flow outgoing, Flow incoming) : Stream
{
    private Task<int>? _death;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The process that has this end is dead: what it does here from now on never ends. Called under the gate.</summary>
    internal void Die() => _death = new TaskCompletionSource<int>().Task;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task<int> read;
        lock (gate) { read = _death ?? incoming.ReadAsync(buffer); }
        using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister((_, token) => CancelRead(token), state: null);
        return await read.ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    /// <remarks>A token that is cancelled ends the wait; the WebSocket then gives the stream up.</remarks>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task written;
        lock (gate) { written = _death ?? outgoing.WriteAsync(buffer); }
        await written.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void CancelRead(CancellationToken cancellationToken)
    {
        lock (gate) { incoming.CancelRead(cancellationToken); }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (gate)
            {
                if (_death is null)
                {
                    incoming.ReaderGone();
                    outgoing.WriterGone();
                }
            }
        }
        base.Dispose(disposing);
    }
}
