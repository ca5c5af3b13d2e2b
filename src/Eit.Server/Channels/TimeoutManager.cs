using Eit.Backoff;
using Eit.Link;

namespace Eit.Server.Channels;

/// <summary>Timeouts with names. All members are safe from any thread; however many there are, they share one timer.</summary>
/// <remarks>
/// <para>An id is a path: <c>tournament/1/round</c>, with or without a slash at the beginning. A timeout belongs to the nearest channel at its path or above it that exists when the
/// timeout is set; it dies when that channel is deleted, unless it was set to outlive it.</para>
/// <para>When a timeout comes, its handlers run in the order of the nearest channel at its path or above it, between that channel's events; without one, in the order of its own
/// path. A timeout that was cleared or replaced before its turn does not come. None comes before its time; on an idle machine it comes within about 10 ms after it.</para>
/// </remarks>
public sealed class TimeoutManager : IDisposable
{
    private static readonly TimeSpan s_durationMax = TimeSpan.FromDays(3_650);

    private readonly EitChannels _channels;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Pending>> _ofChannel = new(StringComparer.Ordinal);
    private bool _isDisposed;

    /// <summary>Makes an empty manager; the container does.</summary>
    /// <param name="channels">The channels of this server.</param>
    public TimeoutManager(EitChannels channels)
    {
        ArgumentNullException.ThrowIfNull(channels);
        _channels = channels;
        channels.ChannelDeleted += DropOf;
    }

    /// <summary>Called with the id of a timeout that has come, after <see cref="EitChannelHandler.OnTimeoutAsync"/>. Subscribers are awaited one after the other; what one throws is logged and counted.</summary>
    public event Func<string, ValueTask>? Timeout;

    /// <summary>Gets how many timeouts are set.</summary>
    public int Count
    {
        get
        {
            lock (_gate) { return _pending.Count; }
        }
    }

    /// <summary>Sets a timeout. One that is set already under this id is replaced.</summary>
    /// <param name="id">Its id, compared by its letters.</param>
    /// <param name="duration">The time until it comes; 0 to 3,650 days.</param>
    /// <param name="outlivesChannel">Whether it stays when the channel that it belongs to is deleted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The duration is out of range.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="EitChannelOptions.TimeoutsMax"/> already.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public void SetTimeout(string id, TimeSpan duration, bool outlivesChannel = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (duration < TimeSpan.Zero || duration > s_durationMax) { throw new ArgumentOutOfRangeException(nameof(duration), duration, "It must be 0 to 3,650 days."); }
        Instant dueAt = _channels.Wheel.Now + duration;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            bool isFull = _pending.Count >= _channels.Options.TimeoutsMax && !_pending.ContainsKey(id);
            if (isFull) { throw new InvalidOperationException($"There are {_pending.Count} timeouts already (EitServer:Channels:TimeoutsMax)."); }
            if (_pending.TryGetValue(id, out Pending? replaced)) { Drop(replaced); }

            // Looked for under the gate: a channel that is deleted after this drops what was added to it.
            string? channel = outlivesChannel ? null : _channels.FindAtOrAbove(id)?.Path;
            Add(new Pending(this, id, channel, duration, dueAt));
        }
    }

    /// <summary>Takes a timeout back.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>True if it was set: its handlers are not called. False if it is not set, or its handlers run already.</returns>
    public bool ClearTimeout(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        lock (_gate)
        {
            if (!_pending.TryGetValue(id, out Pending? pending)) { return false; }
            Drop(pending);
            return true;
        }
    }

    /// <summary>Tells how long it is until a timeout comes.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>Zero when its time has come and it waits for its turn; null if it is not set.</returns>
    public TimeSpan? GetTimeLeft(string id) => Find(id)?.DueAt.Since(_channels.Wheel.Now);

    /// <summary>Tells the duration that a timeout was set to.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>Null if it is not set.</returns>
    public TimeSpan? GetTotalTime(string id) => Find(id)?.Duration;

    /// <summary>Lists the timeouts whose ids fit a pattern, in the order of their letters. Costs as much as there are ids that begin as the pattern does before its first star.</summary>
    /// <param name="glob">The pattern: <c>*</c> stands for any characters but a slash, <c>**</c> for any characters, <c>?</c> for one character but a slash.</param>
    public IReadOnlyList<string> GetTimeoutIdsByGlob(string glob)
    {
        ArgumentNullException.ThrowIfNull(glob);
        string prefix = Glob.PrefixOf(glob);
        string[] ids;
        lock (_gate) { ids = [.. _ids.GetViewBetween(prefix, $"{prefix}\uffff")]; }
        return [.. ids.Where(id => Glob.Fits(glob, id))];                // A hostile pattern takes its time, and nobody else's.
    }

    /// <summary>Clears all timeouts, and takes no more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _channels.ChannelDeleted -= DropOf;
            foreach (Pending pending in _pending.Values.ToArray()) { Drop(pending); }
        }
    }

    private Pending? Find(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        lock (_gate) { return _pending.GetValueOrDefault(id); }
    }

    private void Add(Pending pending)
    {
        _pending.Add(pending.Id, pending);
        _ids.Add(pending.Id);
        if (pending.Channel is { } channel)
        {
            if (!_ofChannel.TryGetValue(channel, out HashSet<Pending>? siblings)) { _ofChannel.Add(channel, siblings = []); }
            siblings.Add(pending);
        }
        pending.Start();
    }

    private void Drop(Pending pending)
    {
        pending.Stop();
        _pending.Remove(pending.Id);
        _ids.Remove(pending.Id);
        if (pending.Channel is not { } channel) { return; }
        HashSet<Pending> siblings = _ofChannel[channel];
        siblings.Remove(pending);
        if (siblings.Count == 0) { _ofChannel.Remove(channel); }
    }

    private void DropOf(string channel)
    {
        lock (_gate)
        {
            if (!_ofChannel.TryGetValue(channel, out HashSet<Pending>? all)) { return; }
            foreach (Pending pending in all.ToArray()) { Drop(pending); }
        }
    }

    /// <summary>Takes a timeout out for its handlers, unless it was cleared or replaced while it waited for its turn.</summary>
    private bool TryTake(Pending pending)
    {
        lock (_gate)
        {
            if (_pending.GetValueOrDefault(pending.Id) != pending) { return false; }
            Drop(pending);
            return true;
        }
    }

    /// <summary>Queues for the turn, on the timer's thread, so that timeouts of one channel come in the order of their times; the rest is done on another.</summary>
    private void Come(Pending pending)
    {
        EitChannel channel = _channels.Queue(_channels.FindAtOrAbove(pending.Id)?.Path ?? EitChannels.PathOf(pending.Id), out Task turn);
        _ = RaiseAsync(pending, channel, turn);
    }

    private async Task RaiseAsync(Pending pending, EitChannel channel, Task turn)
    {
        await turn.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (!TryTake(pending)) { return; }
            if (channel.Handler is { } handler)
            {
                await channel.CallAsync(ChannelCall.Timeout, (handler, pending.Id), static x => x.handler.OnTimeoutAsync(x.Id)).ConfigureAwait(false);
            }
            foreach (Func<string, ValueTask> subscriber in Timeout?.GetInvocationList() ?? [])
            {
                await channel.CallAsync(ChannelCall.Timeout, (subscriber, pending.Id), static x => x.subscriber(x.Id)).ConfigureAwait(false);
            }
        }
        finally { channel.Leave(); }
    }

    private sealed class Pending
    {
        private readonly TimeoutManager _owner;
        private readonly DeadlineEntry _deadline;

        internal Pending(TimeoutManager owner, string id, string? channel, TimeSpan duration, Instant dueAt)
        {
            (_owner, Id, Channel, Duration, DueAt) = (owner, id, channel, duration, dueAt);
            _deadline = owner._channels.Wheel.Register(static due => ((Pending)due!)._owner.Come((Pending)due), this);
        }

        internal string Id { get; }

        internal string? Channel { get; }

        internal TimeSpan Duration { get; }

        internal Instant DueAt { get; }

        internal void Start() => _deadline.Set(DueAt);

        internal void Stop() => _deadline.Dispose();
    }
}
