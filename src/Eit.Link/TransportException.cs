namespace Eit.Link;

/// <summary>A transport is lost: the only thing that a transport throws about the world.</summary>
public sealed class TransportException : Exception
{
    /// <summary>Says that a transport is lost.</summary>
    public TransportException()
        : this("The transport is lost.")
    {
    }

    /// <summary>Says how a transport was lost.</summary>
    /// <param name="message">What happened.</param>
    public TransportException(string message)
        : this(message, innerException: null)
    {
    }

    /// <summary>Says how a transport was lost and what the platform said of it.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The platform's exception; whatever type it has on this platform.</param>
    public TransportException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
