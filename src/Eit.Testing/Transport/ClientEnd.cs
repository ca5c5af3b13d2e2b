using Eit.Connection;

namespace Eit.Testing.Transport;

/// <summary>One client of the world: whose it is, and on which network.</summary>
internal sealed class ClientEnd(EitTestNetwork network, string? user) : IClientWorld
{
    private int _dials;

    internal EitTestNetwork Network { get; } = network;

    /// <summary>Who the requests are authenticated as, as far as the world does it; null: nobody.</summary>
    internal string? User { get; } = user;

    internal EitConnection? Connection { get; private set; }

    public void Made(EitConnection connection)
    {
        Connection = connection;
        Network.World.Made(this);
    }

    public HttpMessageHandler CreateHandler() => new DialHandler(this);

    public Task EndAsync(EitConnection connection, Task ending, TimeSpan closeLimit) => Network.World.EndAsync(this, ending, closeLimit);

    /// <summary>Gets which dial of the client this is, from 1.</summary>
    internal int CountDial() => Interlocked.Increment(ref _dials);
}
