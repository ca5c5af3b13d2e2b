using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>The budget of what the server holds for its clients (N6), over all sessions and for each owner: its lock, and the end of who holds too much.</summary>
/// <remarks>Its lock is taken for a step of an account, never for a message, and never held while a session's is taken.</remarks>
internal sealed partial class HeldBytes
{
    private readonly Lock _gate = new();
    private readonly HoldBudget<EitSession> _budget;
    private readonly DeadlineWheel _wheel;
    private readonly ILogger _logger;

    internal HeldBytes(DirectoryLimits limits, DeadlineWheel wheel, ILogger logger)
    {
        Max = limits.HeldBytesMax ?? Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, 1024 * 1024);
        OwnerMax = Math.Min(Max, limits.HeldBytesPerOwnerMax ?? Max / 2);
        (_budget, _wheel, _logger) = (new HoldBudget<EitSession>(Max, OwnerMax), wheel, logger);
    }

    /// <summary>Gets what may be held in all.</summary>
    internal long Max { get; }

    /// <summary>Gets what may be held for one owner.</summary>
    internal long OwnerMax { get; }

    /// <summary>Gets what is held.</summary>
    internal long Now
    {
        get
        {
            lock (_gate) { return _budget.Bytes; }
        }
    }

    /// <summary>Says why an owner can have no other session now; null if it can.</summary>
    internal Violation? Fullness(string owner)
    {
        (string Limit, long Value)? full;
        lock (_gate) { full = _budget.Fullness(owner); }
        return full is { } bound ? new Violation(CloseCode.Full, "N6.4", $"As much is held as may be: {bound.Limit} is {bound.Value}.") : null;
    }

    /// <summary>Gives a session its place.</summary>
    internal IHoldPot Open(EitSession session, string owner)
    {
        lock (_gate) { return new SessionHold(this, _budget.Add(session, owner)); }
    }

    /// <summary>Charges a payload once that many sessions are about to take over.</summary>
    /// <returns>Who is to be told how many have.</returns>
    internal PayloadHolders Share(SharedPayload payload)
    {
        long bytes = payload.Length + HoldSizes.Entry;
        IReadOnlyList<Eviction<EitSession>> evicted;
        lock (_gate) { evicted = _budget.TellShared(bytes); }
        Evict(evicted);
        return new PayloadHolders(() => Unshare(bytes));
    }

    /// <summary>Ends sessions on another thread: the caller may hold the gate of one, perhaps of the same.</summary>
    internal void Evict(IReadOnlyList<Eviction<EitSession>> evicted)
    {
        foreach (Eviction<EitSession> one in evicted)
        {
            if (_wheel.LimitedLog.MayWrite(_logger, LogLevel.Warning, nameof(Log.SessionGivenUp), one.Owner)) { Log.SessionGivenUp(_logger, one.Session.Id, PeerText.Harmless(one.Owner), one.Bytes, one.Limit, one.Value); }
            ThreadPool.UnsafeQueueUserWorkItem(static one => one.Session.GiveUp($"The session holds most of what may be held ({one.Limit})."), one, preferLocal: false);
        }
    }

    private void Unshare(long bytes)
    {
        lock (_gate) { _budget.TellShared(-bytes); }
    }

    /// <summary>The place of a session.</summary>
    private sealed class SessionHold(HeldBytes held, HoldShare<EitSession> share) : IHoldPot
    {
        public bool IsTight => share.IsTight;

        public void Look(HoldAccount account)
        {
            IReadOnlyList<Eviction<EitSession>> evicted;
            lock (held._gate)
            {
                (long bytes, long shared) = account.Tell();
                evicted = held._budget.Tell(share, bytes, shared);
            }
            held.Evict(evicted);
        }

        public void Leave()
        {
            lock (held._gate) { held._budget.Leave(share); }
        }
    }
}
