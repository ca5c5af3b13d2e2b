using Eit.Backoff;

namespace Eit.Protocol.Session;

/// <summary>A hand-over in which this end has switched and not everything has crossed.</summary>
internal sealed class HandOver(SessionTransport? old, SessionTransport @new, long oldEpoch, long ownLast, Instant startedAt)
{
    /// <summary>The old transport; null when it is lost.</summary>
    internal SessionTransport? Old { get; set; } = old;

    internal SessionTransport New => @new;

    /// <summary>The epoch of the old transport, also when it is lost.</summary>
    internal long OldEpoch => oldEpoch;

    /// <summary>The last number that this end sent on the old transport.</summary>
    internal long OwnLast => ownLast;

    internal Instant StartedAt => startedAt;

    /// <summary>The last number that the peer sent on the old transport; null while its switch has not come.</summary>
    internal long? PeerLast { get; set; }

    /// <summary>When what is missing is asked for on the new transport.</summary>
    internal Instant GapDeadline { get; set; } = Instant.Never;
}
