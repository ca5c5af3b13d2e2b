namespace Eit.Protocol.Session;

/// <summary>
/// What all sessions of a server may hold for their peers, and what those of one owner may (N6): counts it, and says who has to go.
/// </summary>
/// <typeparam name="T">What the server calls a session.</typeparam>
/// <remarks>
/// Not safe for use from several threads at once: its holder has one lock, never held while it takes a session's. Beyond a bound sessions go until seven eighths of it are
/// held: so the search for those that hold most is seldom. What a session holds that has to go counts until it has left, but makes no other one go.
/// </remarks>
/// <param name="bytesMax">What may be held in all.</param>
/// <param name="ownerBytesMax">What the sessions of one owner may hold.</param>
public sealed class HoldBudget<T>(long bytesMax, long ownerBytesMax)
    where T : class
{
    private readonly Dictionary<string, HoldOwner<T>> _owners = new(StringComparer.Ordinal);
    private long _going;
    private long _numbers;

    /// <summary>Gets what is held in all, payloads that many sessions share once.</summary>
    public long Bytes { get; private set; }

    /// <summary>Gets whether more than half of what may be held in all is held.</summary>
    public bool IsTight { get; private set; }

    /// <summary>Gets what the sessions of an owner hold, without what they share with others.</summary>
    /// <param name="owner">The owner.</param>
    public long BytesOf(string owner) => _owners.TryGetValue(owner, out HoldOwner<T>? found) ? found.Bytes : 0;

    /// <summary>Says why an owner can have no other session now; null if it can (N6.4).</summary>
    /// <param name="owner">The owner.</param>
    public (string Limit, long Value)? Fullness(string owner)
    {
        if (Bytes + HoldSizes.Session > bytesMax) { return (nameof(DirectoryLimits.HeldBytesMax), bytesMax); }
        return BytesOf(owner) + HoldSizes.Session > ownerBytesMax ? (nameof(DirectoryLimits.HeldBytesPerOwnerMax), ownerBytesMax) : null;
    }

    /// <summary>Adds a session, which holds nothing yet.</summary>
    /// <param name="session">The session.</param>
    /// <param name="owner">Its owner; empty for all whose principal has no name.</param>
    /// <returns>Its share, of which the holder tells with <see cref="Tell"/> and, at last, <see cref="Leave"/>.</returns>
    public HoldShare<T> Add(T session, string owner)
    {
        if (!_owners.TryGetValue(owner, out HoldOwner<T>? found)) { _owners.Add(owner, found = new HoldOwner<T>(owner)); }
        var share = new HoldShare<T>(this, found, session, ++_numbers);
        found.Add(share);
        Count(found, HoldSizes.Session);
        return share;
    }

    /// <summary>Tells what a session holds.</summary>
    /// <param name="share">Its share.</param>
    /// <param name="held">What it holds alone.</param>
    /// <param name="shared">What it holds together with others: it counts in <see cref="TellShared"/>, and here only for who holds most.</param>
    /// <returns>The sessions that have to end, the one that holds most first; empty as a rule.</returns>
    public IReadOnlyList<Eviction<T>> Tell(HoldShare<T> share, long held, long shared)
    {
        ArgumentNullException.ThrowIfNull(share);
        if (share.Index < 0) { return []; }
        HoldOwner<T> owner = share.Owner;
        long more = held - share.Held;
        if (share.IsGivenUp)
        {
            owner.Going += more;
            _going += more + shared - share.Shared;
        }
        else { owner.Weight += more + shared - share.Shared; }
        (share.Held, share.Shared) = (held, shared);
        Count(owner, more);
        return more > 0 ? Evict(owner) : [];
    }

    /// <summary>Tells that a payload that many sessions share is held from now on, or is not held any more.</summary>
    /// <param name="more">Its bytes; negative when the last one has let it go.</param>
    /// <returns>As <see cref="Tell"/>.</returns>
    public IReadOnlyList<Eviction<T>> TellShared(long more)
    {
        Bytes += more;
        Note();
        return more > 0 ? Evict(owner: null) : [];
    }

    /// <summary>Removes a session that is over and holds nothing any more. Idempotent.</summary>
    /// <param name="share">Its share.</param>
    public void Leave(HoldShare<T> share)
    {
        ArgumentNullException.ThrowIfNull(share);
        if (share.Index < 0) { return; }
        HoldOwner<T> owner = share.Owner;
        long all = share.Held + HoldSizes.Session;
        if (share.IsGivenUp)
        {
            owner.Going -= all;
            _going -= all + share.Shared;
        }
        else { owner.Weight -= share.Weight; }
        owner.Remove(share);
        Count(owner, -all);
        if (owner.Shares.Count == 0) { _owners.Remove(owner.Name); }
    }

    private void Count(HoldOwner<T> owner, long more)
    {
        owner.Bytes += more;
        owner.IsTight = owner.Bytes > ownerBytesMax / 2;
        Bytes += more;
        Note();
    }

    private void Note() => IsTight = Bytes > bytesMax / 2;

    private List<Eviction<T>> Evict(HoldOwner<T>? owner)
    {
        List<Eviction<T>> evicted = [];
        if (owner is not null && owner.Bytes - owner.Going > ownerBytesMax)
        {
            foreach (HoldShare<T> heaviest in owner.HeaviestFirst())
            {
                if (owner.Bytes - owner.Going <= LowOf(ownerBytesMax)) { break; }
                evicted.Add(GiveUp(heaviest, nameof(DirectoryLimits.HeldBytesPerOwnerMax), ownerBytesMax));
            }
        }
        if (Bytes - _going > bytesMax) { EvictHeaviest(evicted); }
        return evicted;
    }

    /// <summary>Lets go of the owner that holds most the session that holds most, again and again.</summary>
    private void EvictHeaviest(List<Eviction<T>> evicted)
    {
        var heaviest = new PriorityQueue<(HoldOwner<T> Owner, Queue<HoldShare<T>>? Shares), (long, string)>();
        foreach (HoldOwner<T> owner in _owners.Values)
        {
            if (owner.Weight > 0) { heaviest.Enqueue((owner, null), (-owner.Weight, owner.Name)); }
        }
        while (Bytes - _going > LowOf(bytesMax) && heaviest.TryDequeue(out (HoldOwner<T> Owner, Queue<HoldShare<T>>? Shares) most, out _))
        {
            most.Shares ??= new Queue<HoldShare<T>>(most.Owner.HeaviestFirst());
            if (!most.Shares.TryDequeue(out HoldShare<T>? share)) { continue; }
            evicted.Add(GiveUp(share, nameof(DirectoryLimits.HeldBytesMax), bytesMax));
            heaviest.Enqueue(most, (-most.Owner.Weight, most.Owner.Name));
        }
    }

    private Eviction<T> GiveUp(HoldShare<T> share, string limit, long value)
    {
        long all = share.Held + HoldSizes.Session;
        share.IsGivenUp = true;
        share.Owner.Going += all;
        share.Owner.Weight -= share.Weight;
        _going += all + share.Shared;                              // Taken to go with it: if others hold it too, the next step finds out.
        return new Eviction<T>(share.Session, share.Owner.Name, share.Weight, limit, value);
    }

    private static long LowOf(long max) => max - (max / 8);
}
