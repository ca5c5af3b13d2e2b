using Eit.Protocol.Wire;

namespace Eit.Server.Channels;

/// <summary>Thrown by a channel's handler to turn a client away; the client gets <see cref="CloseCode.Forbidden"/> and this exception's text.</summary>
/// <remarks>For what the application decides: the path names nothing, the table is full. Other exceptions say that something failed: the client gets none of their text, and tries again.</remarks>
public sealed class EitChannelRefusedException : Exception
{
    /// <summary>Refuses without saying why.</summary>
    public EitChannelRefusedException()
        : this("The channel is refused.")
    {
    }

    /// <summary>Refuses and says why.</summary>
    /// <param name="message">What the client is told: as a close reason, printable ASCII, at most <see cref="CloseCodes.ReasonCharsMax"/> characters.</param>
    public EitChannelRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Refuses and says why.</summary>
    /// <param name="message">What the client is told.</param>
    /// <param name="innerException">The cause; the client is not told.</param>
    public EitChannelRefusedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
