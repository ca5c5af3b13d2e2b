namespace Eit.Rpc;

/// <summary>A group while it is known: who is in it, and its log. The gate covers the lists and the queues of the members, never I/O.</summary>
internal sealed class GroupState(ActionLog log)
{
    private readonly Lock _gate = new();
    private readonly HashSet<RpcSession> _members = [];
    private bool _isForgotten;

    /// <summary>Gets when it was used last, as a number that rises; set by its owner.</summary>
    internal long UsedAt { get; set; }

    internal RpcPosition Position
    {
        get
        {
            lock (_gate) { return log.Position; }
        }
    }

    internal RpcSession[] Members
    {
        get
        {
            lock (_gate) { return [.. _members]; }
        }
    }

    /// <summary>Forgets the group, unless it has members: nobody can join it any more.</summary>
    internal bool TryForget()
    {
        lock (_gate) { return _isForgotten = _members.Count == 0; }
    }

    /// <summary>Lets a session in; what it has missed is queued for it before anything that follows.</summary>
    /// <returns>Null if the group is forgotten.</returns>
    internal RpcJoined? Join(RpcSession session, RpcPosition? after)
    {
        RpcPeer peer = session.Peer;
        RpcJoined joined;
        lock (_gate)
        {
            if (_isForgotten) { return null; }
            if (_members.Contains(session)) { return new RpcJoined(RpcJoinOutcome.CaughtUp, log.Position); }
            bool isCaughtUp = log.After(after) is { } missed && peer.TryQueue([.. missed.Select(text => text.For(peer.Wire))]);
            if (session.TryEnter(this)) { _members.Add(session); }
            joined = new RpcJoined(isCaughtUp ? RpcJoinOutcome.CaughtUp : RpcJoinOutcome.MustReload, log.Position);
        }
        peer.Flush();
        return joined;
    }

    internal bool Leave(RpcSession session)
    {
        lock (_gate) { return _members.Remove(session); }
    }

    /// <summary>Adds an action to the log and sends it to the members. Who can't take it leaves the group, and its session ends: so it never misses one without knowing.</summary>
    /// <param name="write">Writes the action with its position.</param>
    /// <param name="check">Throws if what is written may not be sent.</param>
    /// <returns>Null if the group is forgotten.</returns>
    internal RpcPosition? Dispatch(Func<RpcWire, RpcPosition, RpcText> write, Action<RpcText> check)
    {
        RpcPosition position;
        RpcSession[] reached;
        List<RpcSession> left = [];
        lock (_gate)
        {
            if (_isForgotten) { return null; }
            position = log.Next;
            RpcPosition at = position;
            var text = new SharedText(wire => write(wire, at));
            RpcText full = text.For(EitRpcWire.Instance);
            check(full);
            log.Add(text, full.Bytes);
            foreach (RpcSession member in _members)
            {
                if (!member.Peer.TryQueue([text.For(member.Peer.Wire)])) { left.Add(member); }
            }
            _members.ExceptWith(left);
            reached = [.. _members];
        }
        foreach (RpcSession member in reached) { member.Peer.Flush(); }
        foreach (RpcSession member in left) { member.Peer.GiveUpSlow(); }
        return position;
    }
}
