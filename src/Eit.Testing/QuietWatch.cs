using System.Diagnostics;
using Eit.Testing.Transport;

namespace Eit.Testing;

/// <summary>Finds out when nothing happens any more in a world whose pumps and handlers run on the thread pool.</summary>
/// <remarks>
/// Three things are known: who reads a transport and is not back at its read is at work; whoever moves looks at the world's clock, arms a timer or writes, and each of these is a beat; and how
/// many pool threads are at work. It is quiet when all readers wait, and no beat has come while the pool has gone round and all its threads rest; or, where others keep the pool busy, for a while,
/// of which a round counts no more than it needs where there is a processor for it: on a machine that has none, nobody else comes on either.
/// </remarks>
internal sealed class QuietWatch
{
    private const int RoundsMin = 3;
    private const int RoundsInHaste = 50;
    private const int RoundsToLearn = 60;
    private static readonly TimeSpan s_stillFor = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan s_roundMax = TimeSpan.FromMilliseconds(1.5);

    /// <summary>What a round counts at most of the limit of real time: in a longer one the process stood still, and the world can't help it.</summary>
    private static readonly TimeSpan s_busyRoundMax = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    /// <summary>One world looks at a time, so that none takes the looking of another for work. Of the process, as the pool is.</summary>
    private static readonly SemaphoreSlim s_looking = new(1);

    /// <summary>Pool threads that are at work when nothing is: the one that looks, and those that somebody keeps for good. The fewest ever seen.</summary>
    private static int s_threadsAtRest = int.MaxValue;

    private readonly Lock _gate = new();
    private readonly List<MemoryConnection> _connections = [];
    private readonly TimeSpan _busyLimit;
    private long _beats;

    internal QuietWatch(TimeSpan busyLimit)
    {
        _busyLimit = busyLimit;
    }

    internal void Beat() => Interlocked.Increment(ref _beats);

    internal void Add(MemoryConnection connection)
    {
        lock (_gate) { _connections.Add(connection); }
    }

    internal IReadOnlyList<MemoryConnection> Connections()
    {
        lock (_gate)
        {
            _connections.RemoveAll(static connection => connection.IsOver);
            return [.. _connections];
        }
    }

    /// <summary>Waits until it is quiet.</summary>
    /// <exception cref="TimeoutException">It was not, within the limit of real time.</exception>
    internal async Task UntilQuietAsync(CancellationToken cancellationToken)
    {
        await s_looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try { await LookAsync(cancellationToken).ConfigureAwait(false); }
        finally { s_looking.Release(); }
    }

    /// <summary>Learns how many threads are at work when nothing is.</summary>
    internal static async Task LearnAsync()
    {
        using var pause = new PeriodicTimer(s_pause);
        for (int i = 0; i < RoundsToLearn; i++)
        {
            await OnPool.RoundAsync().ConfigureAwait(false);
            s_threadsAtRest = Math.Min(s_threadsAtRest, OnPool.ThreadsAtWork());
            await pause.WaitForNextTickAsync().ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        long lookedAt = Stopwatch.GetTimestamp();
        TimeSpan looked = TimeSpan.Zero;
        TimeSpan still = TimeSpan.Zero;
        long beats = -1;
        int rounds = 0;
        using var pause = new PeriodicTimer(s_pause);
        while (true)
        {
            await OnPool.RoundAsync().ConfigureAwait(false);
            int threads = OnPool.ThreadsAtWork();
            bool isPoolEmpty = ThreadPool.PendingWorkItemCount == 0;
            string? busy = WhoIsBusy();
            long now = Stopwatch.GetTimestamp();
            long beatsNow = Interlocked.Read(ref _beats);
            TimeSpan round = Stopwatch.GetElapsedTime(lookedAt, now);
            lookedAt = now;
            looked += round < s_busyRoundMax ? round : s_busyRoundMax;
            if (busy is not null || beatsNow != beats) { (beats, rounds, still) = (beatsNow, 0, TimeSpan.Zero); }
            else { still += round < s_roundMax ? round : s_roundMax; }
            rounds++;
            s_threadsAtRest = Math.Min(s_threadsAtRest, threads);
            bool isAtRest = isPoolEmpty && threads <= s_threadsAtRest;
            if (rounds >= RoundsMin && (isAtRest || still >= s_stillFor)) { return; }
            if (looked > _busyLimit)
            {
                throw new TimeoutException($"The world was not quiet within {_busyLimit} of real time: {busy ?? "something still happens at one and the same moment"}. A handler that blocks its thread does that.");
            }
            cancellationToken.ThrowIfCancellationRequested();
            if (rounds > RoundsInHaste) { await pause.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false); }
        }
    }

    private string? WhoIsBusy()
    {
        foreach (MemoryConnection connection in Connections())
        {
            if (connection.WhoIsBusy() is { } who) { return who; }
        }
        return null;
    }

    private static class OnPool
    {
        /// <summary>Goes on on a pool thread, behind what is in the pool's queue.</summary>
        internal static Task RoundAsync()
        {
            var round = new TaskCompletionSource();
            ThreadPool.UnsafeQueueUserWorkItem(static round => round.SetResult(), round, preferLocal: false);
            return round.Task;
        }

        internal static int ThreadsAtWork()
        {
            ThreadPool.GetMaxThreads(out int max, out _);
            ThreadPool.GetAvailableThreads(out int available, out _);
            return max - available;
        }
    }
}
