using Eit.Backoff;

namespace Eit.Protocol.Session;

/// <summary>What a session knows of one transport.</summary>
internal sealed class SessionTransport(long epoch, TransportRole role, IdleWatch idle, KeepAlive keepAlive)
{
    /// <summary>Frames that go before all others on this transport, in order.</summary>
    internal ControlQueue Control;

    private HoldUpWatch? _holdUp;                                  // Made when a message with a life comes.

    internal long Epoch => epoch;

    internal TransportRole Role { get; set; } = role;

    internal IdleWatch Idle => idle;

    internal KeepAlive KeepAlive => keepAlive;

    /// <summary>When its credentials end.</summary>
    internal Instant ExpiresAt { get; set; } = Instant.Never;

    /// <summary>The number of the next piece that may come; 0 while none may.</summary>
    internal long Expected { get; set; }

    /// <summary>Where the peer may go back to, since this end has asked it to; null if it has not.</summary>
    internal long? RewindFrom { get; private set; }

    /// <summary>How often it may: once for each time that it was asked.</summary>
    internal int RewindsLeft { get; private set; }

    /// <summary>Whether data waits here until the peer has said what it has (H1.7).</summary>
    internal bool HoldsData { get; set; }

    /// <summary>Whether this end has sent <c>resend</c> here.</summary>
    internal bool ResendSent { get; set; }

    /// <summary>When the close was last written here.</summary>
    internal Instant? CloseSentAt { get; set; }

    /// <summary>When its welcome was written; null if it was not, or something has come since.</summary>
    internal Instant? WelcomedAt { get; set; }

    internal long PingId { get; set; }

    /// <summary>When the last ping left; null if it is answered.</summary>
    internal Instant? PingedAt { get; set; }

    /// <summary>Tells that this end asks the peer to go back.</summary>
    /// <param name="from">To where.</param>
    internal void AskRewind(long from) => (RewindFrom, RewindsLeft) = (Math.Min(RewindFrom ?? from, from), RewindsLeft + 1);

    /// <summary>Tells how long a message was held up on its way, as far as the fastest that came here lately tells (D2.7).</summary>
    /// <param name="leftAt">What the peer's clock said when it left.</param>
    /// <param name="now">The time.</param>
    internal TimeSpan HeldUp(long leftAt, Instant now) => (_holdUp ??= new HoldUpWatch()).HeldUp(leftAt, now);

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(Epoch, (int)Role, Expected, RewindFrom ?? 0, RewindsLeft, PingId);
        digest.Add(HoldsData, ResendSent);
        (long least, long leastBefore) = _holdUp?.State ?? (long.MaxValue, long.MaxValue);
        digest.Add(least, leastBefore);
        digest.Add(idle.NextDeadline);
        digest.Add(keepAlive.NextDeadline);
        digest.Add(ExpiresAt);
        digest.Add(CloseSentAt);
        digest.Add(PingedAt);
        digest.Add(WelcomedAt);
        Control.AppendTo(digest);
    }

    /// <summary>Checks a number against its place (N1.2, N1.3, H1.6).</summary>
    /// <param name="number">The number that came.</param>
    /// <param name="received">What this end has: the peer leaves out what it knows to be here.</param>
    internal bool TryFollow(long number, long received)
    {
        bool isNext = number == Expected;
        bool isBack = RewindFrom is { } from && number >= from && number <= received + 1;
        bool isAhead = Expected > 0 && number > Expected && number <= received + 1;
        if (!isNext && !isBack && !isAhead) { return false; }
        if (isBack && number < Expected && --RewindsLeft == 0) { RewindFrom = null; }   // A step ahead of what is acknowledged may land there too: it is not yet the step back.
        Expected = number + 1;
        return true;
    }
}
