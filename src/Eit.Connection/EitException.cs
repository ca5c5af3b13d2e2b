using Eit.Protocol.Wire;

namespace Eit.Connection;

/// <summary>An operation of a connection can't complete.</summary>
public sealed class EitException : Exception
{
    /// <summary>Says that an operation can't complete.</summary>
    public EitException()
        : this("The operation can't complete.")
    {
    }

    /// <summary>Says why an operation can't complete.</summary>
    /// <param name="message">Why.</param>
    public EitException(string message)
        : base(message)
    {
    }

    /// <summary>Says why an operation can't complete.</summary>
    /// <param name="message">Why.</param>
    /// <param name="innerException">What lies behind it.</param>
    public EitException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Gets the code to decide by; <see cref="CloseCode.Lost"/> where no end has given one.</summary>
    public CloseCode Code { get; init; } = CloseCode.Lost;

    /// <summary>Gets whether the connection goes on trying, so that it may yet succeed.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Gets the HTTP status of the dial that failed; null if there was none.</summary>
    public int? HttpStatus { get; init; }
}
