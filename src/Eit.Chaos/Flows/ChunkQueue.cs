using System.Threading.Channels;

namespace Eit.Chaos.Flows;

/// <summary>What a flow has read and not yet written, within a bound. Any number of writers, one reader.</summary>
internal sealed class ChunkQueue(int bytesMax) : IDisposable
{
    private const int ChunkOverheadBytes = 128;

    private readonly Channel<Chunk> _chunks = Channel.CreateUnbounded<Chunk>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _room = new(0);
    private long _held;

    /// <summary>Waits until something may be added.</summary>
    internal async ValueTask UntilRoomAsync(CancellationToken cancellationToken)
    {
        while (Interlocked.Read(ref _held) >= bytesMax) { await _room.WaitAsync(cancellationToken).ConfigureAwait(false); }
    }

    /// <summary>Adds a chunk; whoever reads from a source waits for room first, so that the bound is exceeded by one read at most.</summary>
    internal void Add(in Chunk chunk)
    {
        Interlocked.Add(ref _held, chunk.Bytes.Length + ChunkOverheadBytes);
        _chunks.Writer.TryWrite(chunk);
    }

    internal ValueTask<Chunk> TakeAsync(CancellationToken cancellationToken) => _chunks.Reader.ReadAsync(cancellationToken);

    /// <summary>Gives back the room of a chunk that has left.</summary>
    internal void Free(in Chunk chunk)
    {
        Interlocked.Add(ref _held, -(chunk.Bytes.Length + ChunkOverheadBytes));
        if (_room.CurrentCount == 0) { _room.Release(); }
    }

    public void Dispose() => _room.Dispose();
}
