using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>How a message is sent.</summary>
/// <remarks>A time that makes no sense is refused where it is set (<see cref="ArgumentOutOfRangeException"/>), never by a send.</remarks>
public sealed record SendOptions
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(49);   // What a timer can take.

    /// <summary>Gets the defaults.</summary>
    public static SendOptions Default { get; } = new();

    /// <summary>Gets the lane: in order within it, a higher one first.</summary>
    /// <value>Default <see cref="Lane.Normal"/>.</value>
    public Lane Lane { get; init; } = Lane.Normal;

    /// <summary>Gets the kind (F2.2).</summary>
    /// <value>Default 0, a message of the application; 16 to 255 are free.</value>
    public byte Kind { get; init; }

    /// <summary>Gets what the send waits for.</summary>
    /// <value>Default <see cref="CompleteWhen.Processed"/>.</value>
    public CompleteWhen CompleteWhen { get; init; } = CompleteWhen.Processed;

    /// <summary>Gets how long the message may wait for a connection and for room before it is given up as <see cref="SendOutcome.NotSent"/>.</summary>
    /// <value>Default 60 s; zero: not at all; <see cref="Timeout.InfiniteTimeSpan"/>, and whatever is longer than 49 days: until the session ends. Nothing else may be negative.</value>
    public TimeSpan AcceptWithin { get; init => field = WaitOf(value, nameof(AcceptWithin)); } = TimeSpan.FromSeconds(60);

    /// <summary>Gets how long after it is accepted the message is still worth handing over; then it is <see cref="SendOutcome.Expired"/>, wherever it is (D2).</summary>
    /// <value>Default null, and so are <see cref="Timeout.InfiniteTimeSpan"/> and whatever is longer than 49 days: as long as the session lives. Nothing else may be negative.</value>
    public TimeSpan? ExpiresAfter
    {
        get;
        init => field = value is { } life && WaitOf(life, nameof(ExpiresAfter)) is var wait && wait != Timeout.InfiniteTimeSpan ? wait : null;
    }

    /// <summary>Gets the key of a message of which only the latest counts: it replaces the one of the same key, lane and kind that has not begun to leave, which is
    /// <see cref="SendOutcome.Replaced"/> (D3).</summary>
    /// <value>Default null: it replaces none.</value>
    public string? Key { get; init; }

    /// <summary>Gets how long the send waits for its outcome, once the message is accepted. Then the message is taken back and <see cref="SendOutcome.NotSent"/>, or it
    /// has begun to leave and is <see cref="SendOutcome.Unknown"/>.</summary>
    /// <value>Default null: until the session ends; inside a handler 60 s, for the peer's handler may be waiting for this one. <see cref="Timeout.InfiniteTimeSpan"/>, and whatever is longer than
    /// 49 days: until the session ends. Nothing else may be negative.</value>
    public TimeSpan? CompleteWithin { get; init => field = value is { } wait ? WaitOf(wait, nameof(CompleteWithin)) : null; }

    /// <summary>Gets the only session in which the message may go: it is <see cref="SendOutcome.NotSent"/> where another has taken its place.</summary>
    /// <value>Default null: whichever there is when it is accepted.</value>
    public SessionId? Session { get; init; }

    /// <summary>Gets whether the message, once it is accepted, waits to leave as long as its session lives, and not only for <see cref="SessionSettings.OutboxAge"/>. One whose outcome nobody waits for always does.</summary>
    /// <value>Default false.</value>
    public bool Stays { get; init; }

    /// <summary>Gets what tells at last what became of the message, where the send itself waits only until it is <see cref="SendOutcome.Accepted"/>.</summary>
    /// <value>Default null. For one message. A send that completes later than at Accepted does not take one (<see cref="ArgumentException"/>): it tells by itself what became of the message.</value>
    public SendReceipt? Receipt { get; init; }

    private static TimeSpan WaitOf(TimeSpan value, string name)
    {
        if (value == Timeout.InfiniteTimeSpan || value > s_longestWait) { return Timeout.InfiniteTimeSpan; }
        return value >= TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(name, value, "It must be 0 or more, or Timeout.InfiniteTimeSpan.");
    }
}
