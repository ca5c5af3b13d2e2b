namespace Eit.Connection;

/// <summary>What carries a connection in the place of sockets, and moves its clock: a simulated world.</summary>
internal interface IClientWorld
{
    /// <summary>Hears that a connection has been made.</summary>
    void Made(EitConnection connection);

    /// <summary>Makes the handler of one dial, which answers 101 with the stream of the transport as its content. The dial disposes of it when it is over.</summary>
    HttpMessageHandler CreateHandler();

    /// <summary>Hears that a connection begins to be disposed of: its time has to go on until it is.</summary>
    void Disposing(EitConnection connection, Task disposed);
}
