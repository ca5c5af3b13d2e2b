namespace Eit.Connection;

/// <summary>What carries a connection in the place of sockets, and moves its clock: a simulated world.</summary>
internal interface IClientWorld
{
    /// <summary>Hears that a connection has been made.</summary>
    void Made(EitConnection connection);

    /// <summary>Makes the handler of one dial, which answers 101 with the stream of the transport as its content. The dial disposes of it when it is over.</summary>
    HttpMessageHandler CreateHandler();

    /// <summary>Moves the clock on for a connection that is being disposed of: nobody else does.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="ending">Its disposal, which has begun.</param>
    /// <param name="closeLimit">How long its close may take, and its handlers after that.</param>
    /// <returns>Ends with the disposal; fails if it does not end.</returns>
    Task EndAsync(EitConnection connection, Task ending, TimeSpan closeLimit);
}
