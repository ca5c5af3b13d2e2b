namespace Eit.Backoff;

/// <summary>Decides which of many like events become lines of a log: the first of a key at once, and the others as one count for each period.</summary>
/// <typeparam name="TKey">What is counted as one: the kind of the event and its source.</typeparam>
/// <param name="period">How long the others of a key are counted until they are told.</param>
/// <param name="keysMax">How many keys are told apart at a time; what comes beyond them counts as <c>others</c>.</param>
/// <remarks>Owns no timer: the holder takes what has ended at or after <see cref="NextDeadline"/>. So a log has at most one line for each key and period, and in all
/// <paramref name="keysMax"/> and one for each kind, whatever its sources do.</remarks>
public sealed class LogLimit<TKey>(TimeSpan period, int keysMax)
    where TKey : notnull
{
    private readonly Dictionary<TKey, long> _counts = [];
    private readonly Queue<(TKey Key, Instant EndsAt)> _periods = new();   // All are of one length: they end in the order in which they began.

    /// <summary>Gets when the next period ends; <see cref="Instant.Never"/> while none runs.</summary>
    public Instant NextDeadline => _periods.TryPeek(out (TKey Key, Instant EndsAt) first) ? first.EndsAt : Instant.Never;

    /// <summary>Tells that an event happened.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="others">The key under which it counts when there are too many; one of few.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether it is to be written now; else it is counted.</returns>
    public bool Note(TKey key, TKey others, Instant now)
    {
        TKey counted = _counts.ContainsKey(key) || _counts.Count < keysMax ? key : others;
        if (_counts.TryGetValue(counted, out long count))
        {
            _counts[counted] = count + 1;
            return false;
        }
        Begin(counted, now);
        return true;
    }

    /// <summary>Takes a count whose period has ended. A key of which events still came begins another period; of one that was quiet the next event is written at once.</summary>
    /// <param name="now">The time.</param>
    /// <param name="key">The key.</param>
    /// <param name="count">How many of its events were not written; at least 1.</param>
    /// <returns>Whether there was one; ask again until there is none.</returns>
    public bool TryTakeCount(Instant now, out TKey key, out long count)
    {
        while (NextDeadline <= now && _periods.TryDequeue(out (TKey Key, Instant EndsAt) ended))
        {
            _counts.Remove(ended.Key, out count);
            if (count == 0) { continue; }
            key = ended.Key;
            Begin(key, now);
            return true;
        }
        (key, count) = (default!, 0);
        return false;
    }

    private void Begin(TKey key, Instant now)
    {
        _counts.Add(key, 0);
        _periods.Enqueue((key, now + period));
    }
}
