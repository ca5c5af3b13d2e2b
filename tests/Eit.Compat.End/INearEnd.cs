namespace Eit.Compat.End;

/// <summary>This end of a conversation: what is done with what comes.</summary>
internal interface INearEnd
{
    /// <summary>A text has come.</summary>
    void Take(string text);

    /// <summary>Bytes have come; they are lent.</summary>
    void Take(ReadOnlySpan<byte> bytes);

    /// <summary>An event has come.</summary>
    void Hear(string text);

    /// <summary>A call has come.</summary>
    Task<string> RunAsync(string method, string argument);

    /// <summary>A call for a stream has come.</summary>
    IAsyncEnumerable<string> ItemsAsync(string argument);

    /// <summary>A session is over.</summary>
    void Ended(string why);
}
