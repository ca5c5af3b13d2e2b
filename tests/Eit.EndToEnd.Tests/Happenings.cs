using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Eit.EndToEnd.Tests;

/// <summary>What has happened, in order, and a way to wait for what comes.</summary>
/// <typeparam name="T">What happens.</typeparam>
internal sealed class Happenings<T>
{
    private readonly Channel<T> _channel = Channel.CreateUnbounded<T>();
    private readonly ConcurrentQueue<T> _all = new();

    /// <summary>Everything so far.</summary>
    internal IReadOnlyList<T> All => [.. _all];

    internal void Add(T what)
    {
        Keep(what);
        Tell(what);
    }

    /// <summary>The first half of <see cref="Add"/>: for what happens in two places, of which whoever hears of one may look into the other.</summary>
    internal void Keep(T what) => _all.Enqueue(what);

    /// <summary>The second half of <see cref="Add"/>.</summary>
    internal void Tell(T what) => _channel.Writer.TryWrite(what);

    /// <summary>Waits for the next one that nobody has waited for yet.</summary>
    internal Task<T> NextAsync() => _channel.Reader.ReadAsync().Soon();

    /// <summary>Waits for the next one that fits; those before it count as waited for.</summary>
    internal async Task<T> UntilAsync(Func<T, bool> fits)
    {
        while (true)
        {
            T next = await NextAsync();
            if (fits(next)) { return next; }
        }
    }
}
