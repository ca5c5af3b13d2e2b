using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A server's sessions: which one a hello is for, which wait for their client, which have to go because there are too many.</summary>
/// <typeparam name="T">What the server calls a session.</typeparam>
/// <param name="limits">The bounds.</param>
/// <remarks>Not safe for use from several threads at once: its holder has one lock, never held while it takes a session's.</remarks>
public sealed class SessionDirectory<T>(DirectoryLimits limits)
    where T : class
{
    private readonly Dictionary<SessionId, Entry> _byId = [];
    private readonly Dictionary<(string Principal, InstanceId Instance), Entry> _byInstance = [];
    private readonly Dictionary<string, PrincipalShare> _byPrincipal = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _detached = new();
    private long _detachedBytes;

    /// <summary>Gets how many sessions there are.</summary>
    public int Count => _byId.Count;

    /// <summary>Gets how many of them wait for their client.</summary>
    public int DetachedCount => _detached.Count;

    /// <summary>Gets the payload bytes that those hold.</summary>
    public long DetachedBytes => _detachedBytes;

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
    public AdmissionVerdict<T> Judge(Hello hello, string? principal)
    {
        ArgumentNullException.ThrowIfNull(hello);
        Entry? named = hello.Session is { } id ? _byId.GetValueOrDefault(id) : null;
        if (named is not null)
        {
            bool isOwner = principal is not null && string.Equals(named.Principal, principal, StringComparison.Ordinal);
            return isOwner
                ? new AdmissionVerdict<T>.GoOn(named.Session)
                : new AdmissionVerdict<T>.Refuse(new Violation(CloseCode.OtherPrincipal, "R1.5", "The session belongs to another principal."));
        }

        Entry? older = principal is null ? null : _byInstance.GetValueOrDefault((principal, hello.Instance));
        int room = older is null ? 0 : 1;
        if (Count - room >= limits.SessionsMax) { return Full("The server has as many sessions as it can take."); }
        if (principal is not null && ShareOf(principal).Sessions - room >= limits.SessionsPerPrincipalMax) { return Full("The principal has as many sessions as it may have."); }
        ResumeRefusal? refusal = hello.Want == HelloWant.New ? null : new ResumeRefusal("unknown", IsStandby: hello.Want == HelloWant.Cycle);
        return new AdmissionVerdict<T>.Begin(refusal, older?.Session);
    }

    /// <summary>Adds a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="id">Its id.</param>
    /// <param name="instance">The instance that it belongs to.</param>
    /// <param name="principal">The key of its principal; null if there is none.</param>
    public void Add(T session, SessionId id, InstanceId instance, string? principal)
    {
        var entry = new Entry(session, id, instance, principal);
        _byId.Add(id, entry);
        if (principal is null) { return; }
        _byInstance[(principal, instance)] = entry;
        PrincipalShare share = ShareOf(principal);
        share.Sessions++;
        _byPrincipal[principal] = share;
    }

    /// <summary>Removes a session that is over. Does nothing if it is not here.</summary>
    /// <param name="id">Its id.</param>
    public void Remove(SessionId id)
    {
        if (!_byId.Remove(id, out Entry? entry)) { return; }
        Leave(entry);
        if (entry.Principal is not { } principal) { return; }
        if (_byInstance.GetValueOrDefault((principal, entry.Instance)) == entry) { _byInstance.Remove((principal, entry.Instance)); }
        PrincipalShare share = ShareOf(principal);
        if (--share.Sessions == 0) { _byPrincipal.Remove(principal); }
    }

    /// <summary>Notes that a session has a transport again. Does nothing if it is not here.</summary>
    /// <param name="id">Its id.</param>
    public void Attached(SessionId id)
    {
        if (_byId.TryGetValue(id, out Entry? entry)) { Leave(entry); }
    }

    /// <summary>Notes that a session waits for its client.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="bytesHeld">The payload that it holds.</param>
    /// <returns>The sessions that have to end so that the bounds hold; empty as a rule.</returns>
    public IReadOnlyList<T> Detached(SessionId id, long bytesHeld)
    {
        if (!_byId.TryGetValue(id, out Entry? entry)) { return []; }
        Leave(entry);
        entry.BytesHeld = bytesHeld;
        entry.Node = _detached.AddLast(entry);
        _detachedBytes += bytesHeld;
        if (entry.Principal is { } principal)
        {
            PrincipalShare share = ShareOf(principal);
            share.Detached++;
            share.DetachedBytes += bytesHeld;
        }
        return Evict(entry.Principal);
    }

    /// <summary>Notes that a session that waits for its client holds more, or less; for any other it means nothing.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="bytesHeld">How much it holds.</param>
    /// <returns>The sessions that have to go for it, the oldest first; the caller ends them.</returns>
    public IReadOnlyList<T> Holds(SessionId id, long bytesHeld)
    {
        if (!_byId.TryGetValue(id, out Entry? entry) || entry.Node is null) { return []; }
        long more = bytesHeld - entry.BytesHeld;
        entry.BytesHeld = bytesHeld;
        _detachedBytes += more;
        if (entry.Principal is { } principal) { ShareOf(principal).DetachedBytes += more; }
        return Evict(entry.Principal);
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
        foreach (Entry entry in _detached) { digest.Add(entry.Id.Value); }
    }

    private static AdmissionVerdict<T>.Refuse Full(string reason) => new(new Violation(CloseCode.Full, "A1.2", reason));

    /// <summary>Lets the sessions that have waited longest go, until those of the principal and all together are within their limits.</summary>
    private List<T> Evict(string? principal)
    {
        List<T> evicted = [];
        if (principal is not null && ShareOf(principal) is { } share)
        {
            while (share.Detached > limits.DetachedPerPrincipalMax || share.DetachedBytes > limits.DetachedBytesPerPrincipalMax)
            {
                Entry oldest = _detached.First(other => string.Equals(other.Principal, principal, StringComparison.Ordinal));
                Leave(oldest);
                evicted.Add(oldest.Session);
            }
        }
        while (_detached.Count > limits.DetachedMax || _detachedBytes > limits.DetachedBytesMax)
        {
            Entry oldest = _detached.First!.Value;
            Leave(oldest);
            evicted.Add(oldest.Session);
        }
        return evicted;
    }

    private PrincipalShare ShareOf(string principal) => _byPrincipal.GetValueOrDefault(principal) ?? new PrincipalShare();

    private void Leave(Entry entry)
    {
        if (entry.Node is not { } node) { return; }
        _detached.Remove(node);
        entry.Node = null;
        _detachedBytes -= entry.BytesHeld;
        if (entry.Principal is not { } principal) { return; }
        PrincipalShare share = ShareOf(principal);
        share.Detached--;
        share.DetachedBytes -= entry.BytesHeld;
    }

    private sealed record Entry(T Session, SessionId Id, InstanceId Instance, string? Principal)
    {
        internal LinkedListNode<Entry>? Node { get; set; }

        internal long BytesHeld { get; set; }
    }

    private sealed class PrincipalShare
    {
        internal int Sessions { get; set; }

        internal int Detached { get; set; }

        internal long DetachedBytes { get; set; }
    }
}
