using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>One transport: a direction each way, which can be frozen or cut, at both ends or at one.</summary>
internal sealed class Transport
{
    internal Transport(World world, ClientEnd client, ServerEnd server, DialRequest request)
    {
        (World, Client, Server, Epoch, DialledAt) = (world, client, server, request.Epoch, world.Now);
        Up = new Direction(world, this, packet => server.Receive(this, packet));
        Down = new Direction(world, this, packet => client.Receive(this, packet));
        Up.Write(request.Hello);
    }

    /// <summary>A transport of nobody's client, to say on it what no client would.</summary>
    internal Transport(World world, ClientEnd client, ServerEnd server, long epoch, string first)
    {
        (World, Client, Server, Epoch, DialledAt) = (world, client, server, epoch, world.Now);
        Up = new Direction(world, this, packet => server.Receive(this, packet));
        Down = new Direction(world, this, static _ => { });
        Up.Inject(first);
    }

    internal World World { get; }

    internal ClientEnd Client { get; }

    internal ServerEnd Server { get; }

    internal long Epoch { get; }

    internal Instant DialledAt { get; }

    /// <summary>From the client to the server.</summary>
    internal Direction Up { get; }

    /// <summary>From the server to the client.</summary>
    internal Direction Down { get; }

    /// <summary>The session at the client that the transport belongs to; null before welcome.</summary>
    internal SessionEnd? AtClient { get; set; }

    /// <summary>The session at the server that the transport belongs to; null before hello.</summary>
    internal SessionEnd? AtServer { get; set; }

    internal Direction From(EitEnd end) => end == EitEnd.Client ? Up : Down;

    /// <summary>What is on the way is lost, both ends notice.</summary>
    internal void Cut()
    {
        Up.EndWith(CloseCode.Lost);
        Down.EndWith(CloseCode.Lost);
    }

    /// <summary>What is on the way is lost, and only one end notices.</summary>
    internal void CutAt(EitEnd end)
    {
        (Direction towards, Direction from) = end == EitEnd.Client ? (Down, Up) : (Up, Down);
        towards.EndWith(CloseCode.Lost);
        from.EndWith(code: null);
    }

    /// <summary>Nothing gets through for now; nothing is lost.</summary>
    internal void Freeze() => (Up.IsFrozen, Down.IsFrozen) = (true, true);

    internal void Thaw() => (Up.IsFrozen, Down.IsFrozen) = (false, false);
}
