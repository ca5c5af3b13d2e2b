using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>How a message is sent.</summary>
public sealed record SendOptions
{
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
    /// <value>Default 60 s; zero: not at all.</value>
    public TimeSpan AcceptWithin { get; init; } = TimeSpan.FromSeconds(60);
}
