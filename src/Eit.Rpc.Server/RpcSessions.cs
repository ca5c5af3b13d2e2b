using System.Security.Cryptography;

namespace Eit.Rpc;

/// <summary>The sessions with calls of this server, and their groups. All members are safe from any thread.</summary>
public sealed class RpcSessions
{
    private readonly Lock _gate = new();
    private readonly HashSet<RpcSession> _sessions = [];
    private readonly Dictionary<string, GroupState> _groups = new(StringComparer.Ordinal);
    private readonly RpcJson _json;
    private long _uses;

    /// <summary>Makes an empty registry; the container does.</summary>
    /// <param name="options">What it may keep; copied. Null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    public RpcSessions(RpcSessionsOptions? options = null)
    {
        Options = (options ?? new RpcSessionsOptions()) with { };
        string faults = string.Join(' ', Options.Faults());
        if (faults.Length > 0) { throw new ArgumentException(faults, nameof(options)); }
        _json = new RpcJson(Options.Json);
    }

    internal RpcSessionsOptions Options { get; }

    /// <summary>Lists the sessions that have started and are not over, those that wait for their client included, in no order.</summary>
    public IReadOnlyList<RpcSession> List()
    {
        lock (_gate) { return [.. _sessions]; }
    }

    /// <summary>Gets the group of a name, whether it has members or not.</summary>
    /// <param name="name">The name, compared by its letters.</param>
    public RpcGroup Group(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new RpcGroup(this, name);
    }

    /// <summary>Sends an event to all sessions: once and in order, over outages.</summary>
    /// <typeparam name="T">The event's data.</typeparam>
    /// <param name="name">The event.</param>
    /// <param name="data">Its data.</param>
    /// <returns>The sessions that have not taken it over, because too much waits for them or they are at their end: they miss it.</returns>
    /// <exception cref="InvalidOperationException">The JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The event is larger than <see cref="RpcSessionsOptions.ActionBytesMax"/>.</exception>
    public IReadOnlyList<RpcSession> Emit<T>(string name, T data) => Emit(List(), name, data);

    /// <summary>Dispatches an action at all sessions: once and in order, over outages. It is in no log; who has to keep in step over sessions joins a <see cref="Group"/>.</summary>
    /// <typeparam name="T">The action.</typeparam>
    /// <param name="action">The action.</param>
    /// <returns>As for <see cref="Emit{T}(string, T)"/>.</returns>
    /// <exception cref="InvalidOperationException">The JSON of the type is not known.</exception>
    /// <exception cref="ArgumentException">The action is larger than <see cref="RpcSessionsOptions.ActionBytesMax"/>.</exception>
    public IReadOnlyList<RpcSession> Dispatch<T>(T action)
    {
        RpcValue written = Write(action);
        return Send(List(), wire => wire.Dispatch(written, position: null));
    }

    internal IReadOnlyList<RpcSession> Emit<T>(IEnumerable<RpcSession> to, string name, T data)
    {
        ArgumentNullException.ThrowIfNull(name);
        RpcValue written = Write(data);
        return Send(to, wire => wire.Event(name, written));
    }

    internal RpcValue Write<T>(T value) => RpcJson.Written(_json.Element(value));

    internal void Check(RpcText text)
    {
        if (text.Bytes > Options.ActionBytesMax) { throw new ArgumentException($"It has {text.Bytes} bytes; {Options.ActionBytesMax} are the limit.", nameof(text)); }
    }

    internal void Began(RpcSession session)
    {
        lock (_gate) { _sessions.Add(session); }
    }

    internal void Ended(RpcSession session)
    {
        lock (_gate) { _sessions.Remove(session); }
    }

    internal GroupState? FindState(string name)
    {
        lock (_gate) { return _groups.GetValueOrDefault(name); }
    }

    /// <summary>Finds a group, or makes it and forgets another one for it. One that is forgotten meanwhile is not found again.</summary>
    internal GroupState StateOf(string name)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue(name, out GroupState? state))
            {
                if (_groups.Count >= Options.GroupsMax) { ForgetOne(); }
                var log = new ActionLog(name, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), Options.LogActionsMax, Options.LogBytesMax);
                _groups.Add(name, state = new GroupState(log));
            }
            state.UsedAt = ++_uses;
            return state;
        }
    }

    private void ForgetOne()
    {
        foreach ((string name, GroupState state) in _groups.OrderBy(static group => group.Value.UsedAt))
        {
            if (!state.TryForget()) { continue; }
            _groups.Remove(name);
            return;
        }
        throw new InvalidOperationException($"There are {Options.GroupsMax} groups with members, which RpcSessionsOptions.GroupsMax allows.");
    }

    private List<RpcSession> Send(IEnumerable<RpcSession> to, Func<RpcWire, RpcText> write)
    {
        var text = new SharedText(write);
        Check(text.For(EitRpcWire.Instance));
        List<RpcSession> refused = [];
        foreach (RpcSession session in to)
        {
            RpcPeer peer = session.Peer;
            if (peer.TryQueue([text.For(peer.Wire)])) { peer.Flush(); }
            else { refused.Add(session); }
        }
        return refused;
    }
}
