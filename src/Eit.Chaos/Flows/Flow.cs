using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using Eit.Chaos.Faults;
using Eit.Chaos.Frames;

namespace Eit.Chaos.Flows;

/// <summary>One direction of a connection: reads from a source into a queue, and writes from the queue to a sink as the faults allow.</summary>
internal sealed class Flow(ChaosConnection connection, ChaosDirection direction, int bufferBytes, FrameTap? tap) : IDisposable
{
    private const int ReadBytes = 16 * 1024;

    private readonly ChunkQueue _queue = new(bufferBytes);
    private readonly TaskCompletionSource _sourceEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _chunks;

    /// <summary>Gets a task that ends when nothing more comes from the source.</summary>
    internal Task SourceEnded => _sourceEnded.Task;

    /// <summary>Gets whether the sink has been told that nothing more comes, or can be told nothing any more.</summary>
    internal bool IsFinished { get; private set; }

    /// <summary>Puts something into the queue that does not come from the source.</summary>
    internal void Insert(in Chunk chunk) => _queue.Add(chunk);

    /// <summary>Reads until the source has ended or the connection is over. Never fails.</summary>
    internal async Task ReadAsync(Stream source, CancellationToken over)
    {
        try
        {
            while (true)
            {
                await _queue.UntilRoomAsync(over).ConfigureAwait(false);
                await source.ReadAsync(Memory<byte>.Empty, over).ConfigureAwait(false);   // So that a quiet connection needs no buffer.
                if (!await ReadSomeAsync(source, over).ConfigureAwait(false)) { break; }
            }
            tap?.End();
            _queue.Add(new Chunk(ChunkKind.End, connection.Now));
        }
        catch (Exception gone) when (Sockets.IsGone(gone)) { _queue.Add(new Chunk(ChunkKind.Gone, connection.Now)); }
        _sourceEnded.TrySetResult();
    }

    /// <summary>Writes until the source's end has been passed on or the connection is over. Never fails.</summary>
    internal async Task WriteAsync(Stream sink, Socket socket, CancellationToken over)
    {
        try
        {
            bool goesOn = true;
            while (goesOn)
            {
                Chunk chunk = await _queue.TakeAsync(over).ConfigureAwait(false);
                goesOn = await PassAsync(chunk, sink, socket, over).ConfigureAwait(false);
                _queue.Free(chunk);
                _chunks++;
            }
            IsFinished = true;
        }
        catch (Exception gone) when (Sockets.IsGone(gone))
        {
            IsFinished = true;
            if (!over.IsCancellationRequested) { connection.SinkGone(direction); }
        }
    }

    public void Dispose() => _queue.Dispose();

    private async Task<bool> ReadSomeAsync(Stream source, CancellationToken over)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            int count = await source.ReadAsync(buffer.AsMemory(0, ReadBytes), over).ConfigureAwait(false);
            if (count == 0) { return false; }
            TimeSpan arrivedAt = connection.Now;                   // Before it is counted: who sees the count may move the time.
            connection.Heard(direction, count);
            if (tap is null) { _queue.Add(Chunk.Data(buffer.AsSpan(0, count).ToArray(), arrivedAt)); }
            else { tap.Read(buffer.AsSpan(0, count)); }
            return true;
        }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }

    /// <summary>Passes a chunk on.</summary>
    /// <returns>False if nothing may follow it.</returns>
    private async Task<bool> PassAsync(Chunk chunk, Stream sink, Socket socket, CancellationToken over)
    {
        await UntilDueAsync(chunk, over).ConfigureAwait(false);
        switch (chunk.Kind)
        {
            case ChunkKind.Data:
                return await WriteBytesAsync(chunk.Bytes, sink, over).ConfigureAwait(false);
            case ChunkKind.End:
                if (sink is SslStream tls) { await tls.ShutdownAsync().ConfigureAwait(false); }
                socket.Shutdown(SocketShutdown.Send);
                return false;
            case ChunkKind.Gone:
                connection.End(CutWay.Reset, fault: null);
                return false;
            case ChunkKind.Mark:
                chunk.Reached!.TrySetResult();
                return true;
            case ChunkKind.Cut:
                if (chunk.After is { } mark) { await mark.WaitAsync(over).ConfigureAwait(false); }
                connection.End(chunk.Way, chunk.Fault);
                return false;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task UntilDueAsync(Chunk chunk, CancellationToken over)
    {
        while (true)
        {
            FaultSet set = connection.Faults;
            if (await IsHeldAsync(set, over).ConfigureAwait(false)) { continue; }
            TimeSpan due = chunk.ArrivedAt + chunk.ExtraDelay;
            foreach (HitFault hit in set.Of(direction)) { due += FlowOf(hit).DelayOf(chunk, _chunks); }
            TimeSpan wait = due - connection.Now;
            if (wait <= TimeSpan.Zero) { return; }
            await set.WaitAsync(wait, connection.Clock, over).ConfigureAwait(false);
        }
    }

    private async Task<bool> WriteBytesAsync(Memory<byte> rest, Stream sink, CancellationToken over)
    {
        while (!rest.IsEmpty)
        {
            FaultSet set = connection.Faults;
            if (await IsHeldAsync(set, over).ConfigureAwait(false)) { continue; }
            Memory<byte> part = TakePart(set, rest);
            await sink.WriteAsync(part, over).ConfigureAwait(false);
            rest = rest[part.Length..];
            TimeSpan pause = TimeSpan.Zero;
            foreach (HitFault hit in set.Of(direction))
            {
                FlowFault flow = FlowOf(hit);
                TimeSpan ownPause = flow.Passed(part.Length, connection.Now);
                if (ownPause > pause) { pause = ownPause; }
                if (!flow.Cuts) { continue; }
                connection.EndBy(hit, hit.Fault.EndsBy);
                return false;
            }
            if (pause > TimeSpan.Zero) { await set.WaitAsync(pause, connection.Clock, over).ConfigureAwait(false); }
        }
        return true;
    }

    private Memory<byte> TakePart(FaultSet set, Memory<byte> rest)
    {
        int count = rest.Length;
        foreach (HitFault hit in set.Of(direction)) { count = Math.Min(count, FlowOf(hit).Allow(rest.Length)); }
        Memory<byte> part = rest[..count];
        foreach (HitFault hit in set.Of(direction)) { FlowOf(hit).Touch(part.Span); }
        return part;
    }

    /// <summary>Waits while nothing may leave, until other faults apply.</summary>
    /// <returns>Whether it had to wait.</returns>
    private async Task<bool> IsHeldAsync(FaultSet set, CancellationToken over)
    {
        bool isHeld = false;
        foreach (HitFault hit in set.Of(direction)) { isHeld |= FlowOf(hit).Holds; }
        if (!isHeld) { return false; }
        await set.WaitAsync(Timeout.InfiniteTimeSpan, connection.Clock, over, connection.SourcesEnded).ConfigureAwait(false);
        if (connection.SourcesEnded.IsCompleted && ReferenceEquals(set, connection.Faults)) { connection.Forget(); }
        return true;
    }

    private FlowFault FlowOf(HitFault hit) => (direction == ChaosDirection.Up ? hit.Up : hit.Down)!;
}
