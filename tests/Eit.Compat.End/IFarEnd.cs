namespace Eit.Compat.End;

/// <summary>The other end of a conversation, as Eit gives it to an application. The folders Baseline and Present have one each for a client and for a server.</summary>
internal interface IFarEnd
{
    /// <summary>Sends a text.</summary>
    /// <returns>Completes when the message is taken over, or is known not to be, with a task of its outcome's name.</returns>
    Task<Task<string>> SendAsync(string text, Manner manner);

    /// <summary>Sends bytes, as <see cref="SendAsync(string, Manner)"/> does a text.</summary>
    Task<Task<string>> SendAsync(ReadOnlyMemory<byte> bytes, Manner manner);

    /// <summary>Calls a method that gives a text.</summary>
    Task<Answer> CallAsync(string method, string argument);

    /// <summary>Calls a method that gives a stream, and reads it to its end.</summary>
    Task<Answer> StreamAsync(string method, string argument);

    /// <summary>Gets whether this end can send events.</summary>
    bool HasEvents { get; }

    /// <summary>Sends an event.</summary>
    /// <returns>False if it was not taken over.</returns>
    bool Emit(string text);
}
