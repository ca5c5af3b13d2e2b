using System.Collections.Concurrent;

namespace Eit.Link;

/// <summary>Writes what is sent to many: fewer lines at a time than there are processors, each in its turn a batch.</summary>
/// <remarks>
/// Who sends to many does not do the writing of all; but a writer for each would take the processor from the sender, and each would find a message or two. So lines
/// wait here, and gather more until it is their turn. A write that has to wait for its network holds nobody up: it goes on by itself.
/// </remarks>
internal sealed class BroadcastWriters(int writersMax) : IThreadPoolWorkItem
{
    /// <summary>How many lines a writer takes before other work of the pool has its turn.</summary>
    private const int LinesPerTurn = 32;

    private readonly ConcurrentQueue<TransportLine> _lines = new();
    private int _writers;

    internal static BroadcastWriters Shared { get; } = new(Math.Max(1, Environment.ProcessorCount - 1));

    /// <summary>Adds a line that the caller has taken.</summary>
    internal void Add(TransportLine line)
    {
        _lines.Enqueue(line);
        if (TryEnter()) { ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false); }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            for (int i = 1; _lines.TryDequeue(out TransportLine? line); i++)
            {
                line.Pump!.Write(line, batchesMax: 1, this);
                if (i < LinesPerTurn) { continue; }
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }
            Interlocked.Decrement(ref _writers);
        }
        while (!_lines.IsEmpty && TryEnter());                      // Who has added one meanwhile has seen this writer and made no other.
    }

    private bool TryEnter()
    {
        int writers = Volatile.Read(ref _writers);
        while (writers < writersMax)
        {
            int seen = Interlocked.CompareExchange(ref _writers, writers + 1, writers);
            if (seen == writers) { return true; }
            writers = seen;
        }
        return false;
    }
}
