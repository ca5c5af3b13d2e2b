using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A server's sessions: which one a hello is for, which wait for their client, which have to go because there are too many.</summary>
/// <typeparam name="T">What the server calls a session.</typeparam>
/// <param name="limits">The bounds.</param>
/// <param name="highestEpoch">Tells the highest epoch that a session has seen, without any lock; null where hellos never come late.</param>
/// <remarks>Not safe for use from several threads at once: its holder has one lock, never held while it takes a session's.</remarks>
public sealed class SessionDirectory<T>(DirectoryLimits limits, Func<T, long>? highestEpoch = null)
    where T : class
{
    private readonly Dictionary<SessionId, Entry> _byId = [];
    private readonly Dictionary<(string Principal, InstanceId Instance), Entry> _byInstance = [];
    private readonly Dictionary<string, Owner> _owners = new(StringComparer.Ordinal);
    private readonly SortedSet<Owner> _waiting = new(Owner.ByWaiting);   // The owners that have sessions without a client.
    private long _waits;

    /// <summary>Gets how many sessions there are.</summary>
    public int Count => _byId.Count;

    /// <summary>Gets how many of them wait for their client.</summary>
    public int DetachedCount { get; private set; }

    /// <summary>Gets all sessions.</summary>
    public IEnumerable<T> All => _byId.Values.Select(static entry => entry.Session);

    /// <summary>Finds a session by its id; null if there is none.</summary>
    /// <param name="id">The id.</param>
    public T? Find(SessionId id) => _byId.TryGetValue(id, out Entry? entry) ? entry.Session : null;

    /// <summary>Gets the sessions of a principal.</summary>
    /// <param name="principal">The principal.</param>
    public IEnumerable<T> Of(string principal) => _byId.Values.Where(entry => string.Equals(entry.Principal, principal, StringComparison.Ordinal)).Select(static entry => entry.Session);

    /// <summary>Says what a hello leads to. Changes nothing.</summary>
    /// <param name="hello">The hello.</param>
    /// <param name="principal">The key of who the request authenticated; null if there is none, and nothing can be resumed.</param>
    /// <param name="owner">Whose a new session would be; null: the principal's, or one of those without a name.</param>
    /// <param name="place">Where the hello has come; null where a server has one place only.</param>
    public AdmissionVerdict<T> Judge(Hello hello, string? principal, string? owner = null, SessionPlace? place = null)
    {
        ArgumentNullException.ThrowIfNull(hello);
        Entry? named = hello.Session is { } id ? _byId.GetValueOrDefault(id) : null;
        bool isOwner = named is null || (principal is not null && string.Equals(named.Principal, principal, StringComparison.Ordinal));
        if (!isOwner) { return new AdmissionVerdict<T>.Refuse(new Violation(CloseCode.OtherPrincipal, "R1.5", "The session belongs to another principal.")); }
        bool isHere = named is not null && named.Instance == hello.Instance && named.Place == place;   // R1.12: elsewhere it is unknown.
        if (isHere) { return new AdmissionVerdict<T>.GoOn(named!.Session); }

        Entry? older = principal is null ? null : _byInstance.GetValueOrDefault((principal, hello.Instance));
        if (older is not null && highestEpoch is not null && hello.Epoch <= highestEpoch(older.Session))
        {
            return new AdmissionVerdict<T>.Refuse(new Violation(CloseCode.StaleEpoch, "S2.6", $"Epoch {hello.Epoch} is not above that of the instance's session."));
        }
        if (named is not null && hello.Want == HelloWant.Cycle) { older = null; }   // The client closes the session that it has elsewhere when the new one is there (S3.5).
        string name = owner ?? principal ?? string.Empty;
        int room = older is null ? 0 : 1;
        if (Count - room >= limits.SessionsMax) { return Full($"There are as many sessions as there may be: SessionsMax is {limits.SessionsMax}."); }
        int ofOwner = _owners.GetValueOrDefault(name)?.Sessions ?? 0;
        int roomOfOwner = older?.Owner.Name == name ? 1 : 0;
        if (ofOwner - roomOfOwner >= limits.SessionsPerOwnerMax) { return Full($"The owner has as many sessions as it may have: SessionsPerOwnerMax is {limits.SessionsPerOwnerMax}."); }
        ResumeRefusal? refusal = hello.Want == HelloWant.New ? null : new ResumeRefusal("unknown", IsStandby: hello.Want == HelloWant.Cycle);
        return new AdmissionVerdict<T>.Begin(refusal, older?.Session);
    }

    /// <summary>Adds a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="id">Its id.</param>
    /// <param name="instance">The instance that it belongs to.</param>
    /// <param name="principal">The key of its principal; null if there is none.</param>
    /// <param name="owner">Whose it is; null: the principal's, or one of those without a name.</param>
    /// <param name="place">Where it was opened; null where a server has one place only.</param>
    public void Add(T session, SessionId id, InstanceId instance, string? principal, string? owner = null, SessionPlace? place = null)
    {
        string name = owner ?? principal ?? string.Empty;
        if (!_owners.TryGetValue(name, out Owner? found)) { _owners.Add(name, found = new Owner(name)); }
        var entry = new Entry(session, id, instance, principal, found) { Place = place };
        found.Sessions++;
        _byId.Add(id, entry);
        if (principal is not null) { _byInstance[(principal, instance)] = entry; }
    }

    /// <summary>Removes a session that is over. Does nothing if it is not here.</summary>
    /// <param name="id">Its id.</param>
    public void Remove(SessionId id)
    {
        if (!_byId.Remove(id, out Entry? entry)) { return; }
        Leave(entry);
        if (--entry.Owner.Sessions == 0) { _owners.Remove(entry.Owner.Name); }
        if (entry.Principal is { } principal && _byInstance.GetValueOrDefault((principal, entry.Instance)) == entry) { _byInstance.Remove((principal, entry.Instance)); }
    }

    /// <summary>Notes that a session has a transport again. Does nothing if it is not here.</summary>
    /// <param name="id">Its id.</param>
    public void Attached(SessionId id)
    {
        if (_byId.TryGetValue(id, out Entry? entry)) { Leave(entry); }
    }

    /// <summary>Notes that a session waits for its client.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>The sessions that have to end so that the bounds hold; empty as a rule.</returns>
    public IReadOnlyList<Eviction<T>> Detached(SessionId id)
    {
        if (!_byId.TryGetValue(id, out Entry? entry)) { return []; }
        Leave(entry);
        entry.WaitsAs = ++_waits;
        Change(entry.Owner, () => entry.Node = entry.Owner.Waiting.AddLast(entry));
        DetachedCount++;
        List<Eviction<T>> evicted = [];
        while (entry.Owner.Waiting.Count > limits.DetachedPerOwnerMax) { evicted.Add(Evict(entry.Owner, nameof(limits.DetachedPerOwnerMax), limits.DetachedPerOwnerMax)); }
        while (DetachedCount > limits.DetachedMax) { evicted.Add(Evict(_waiting.Max!, nameof(limits.DetachedMax), limits.DetachedMax)); }
        return evicted;
    }

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(Count, DetachedCount);
        foreach (Entry entry in _byId.Values.OrderBy(static entry => entry.Id.Value))
        {
            digest.Add(entry.Id.Value);
            digest.Add(entry.Instance.Value);
            digest.Add(entry.Node is not null, entry.Principal is { } principal && _byInstance.GetValueOrDefault((principal, entry.Instance)) == entry);
        }
        foreach (Entry entry in _waiting.SelectMany(static owner => owner.Waiting).OrderBy(static entry => entry.WaitsAs)) { digest.Add(entry.Id.Value); }
    }

    private static AdmissionVerdict<T>.Refuse Full(string reason) => new(new Violation(CloseCode.Full, "A1.2", reason));

    /// <summary>Lets the session of an owner go that has waited longest.</summary>
    private Eviction<T> Evict(Owner owner, string limit, int value)
    {
        Entry oldest = owner.Waiting.First!.Value;
        Leave(oldest);
        return new Eviction<T>(oldest.Session, owner.Name, Bytes: 0, limit, value);
    }

    private void Leave(Entry entry)
    {
        if (entry.Node is not { } node) { return; }
        Change(entry.Owner, () => entry.Owner.Waiting.Remove(node));
        entry.Node = null;
        DetachedCount--;
    }

    /// <summary>Changes what decides about the place of an owner in the order.</summary>
    private void Change(Owner owner, Action change)
    {
        if (owner.Waiting.Count > 0) { _waiting.Remove(owner); }
        change();
        if (owner.Waiting.Count > 0) { _waiting.Add(owner); }
    }

    private sealed record Entry(T Session, SessionId Id, InstanceId Instance, string? Principal, Owner Owner)
    {
        internal SessionPlace? Place { get; init; }

        internal LinkedListNode<Entry>? Node { get; set; }

        /// <summary>Its place among all that wait.</summary>
        internal long WaitsAs { get; set; }
    }

    private sealed class Owner(string name)
    {
        /// <summary>Gets the order by how many sessions wait; of as many, by whose first one has waited longest.</summary>
        internal static Comparer<Owner> ByWaiting { get; } = Comparer<Owner>.Create(static (one, other) =>
        {
            int byCount = one.Waiting.Count.CompareTo(other.Waiting.Count);
            return byCount != 0 ? byCount : other.Waiting.First!.Value.WaitsAs.CompareTo(one.Waiting.First!.Value.WaitsAs);
        });

        internal string Name => name;

        internal int Sessions { get; set; }

        /// <summary>Its sessions that wait for their client, the one that has waited longest first.</summary>
        internal LinkedList<Entry> Waiting { get; } = new();
    }
}
