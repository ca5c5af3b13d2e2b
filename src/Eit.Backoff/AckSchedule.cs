namespace Eit.Backoff;

/// <summary>Decides when a receiver tells the sender what it has: by count, by bytes, by time.</summary>
/// <param name="delayMax">The longest that something received waits for its acknowledgement.</param>
/// <remarks>Owns no timer. Whatever leaves anyway carries the acknowledgement along; this decides when it leaves alone.</remarks>
public sealed class AckSchedule(TimeSpan delayMax)
{
    private long _messages;
    private long _bytes;
    private bool _prompt;

    /// <summary>Gets or sets the messages after which it is due at once.</summary>
    public long MessagesMax { get; set; } = 256;

    /// <summary>Gets or sets the bytes after which it is due at once.</summary>
    public long BytesMax { get; set; } = 256 * 1024;

    /// <summary>Gets whether there is anything to tell.</summary>
    public bool IsOwed { get; private set; }

    /// <summary>Gets the moment at which it is due; <see cref="Instant.Never"/> when nothing is owed.</summary>
    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>Tells the schedule that something came in, or was processed.</summary>
    /// <param name="messages">How many messages.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="now">The time.</param>
    public void Owe(int messages, long bytes, Instant now)
    {
        _messages += messages;
        _bytes += bytes;
        if (!IsOwed) { (IsOwed, NextDeadline) = (true, now + delayMax); }
        if (_messages >= MessagesMax || _bytes >= BytesMax) { OweNow(now); }
    }

    /// <summary>Tells the schedule that the acknowledgement can't wait.</summary>
    /// <param name="now">The time.</param>
    public void OweNow(Instant now)
    {
        (IsOwed, _prompt) = (true, true);
        NextDeadline = Instant.Earlier(NextDeadline, now);
    }

    /// <summary>Tells whether it has to leave even if nothing else does.</summary>
    /// <param name="now">The time.</param>
    public bool IsDue(Instant now) => IsOwed && (_prompt || now >= NextDeadline);

    /// <summary>Tells the schedule that it has left.</summary>
    public void Paid() => (_messages, _bytes, _prompt, IsOwed, NextDeadline) = (0, 0, false, false, Instant.Never);
}
