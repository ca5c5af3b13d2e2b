namespace Eit.Bench;

/// <summary>One end of a connection, of whichever stack, through the stack's call for one message.</summary>
internal interface ILine : IAsyncDisposable
{
    /// <summary>Gets how many messages a send is; more than one only where the application packs them itself.</summary>
    int PerSend(Message message);

    /// <summary>Sends a message.</summary>
    /// <returns>Completes when the stack has taken it over.</returns>
    ValueTask SendAsync(Message message);
}
