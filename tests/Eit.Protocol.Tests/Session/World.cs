using System.Text;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>
/// Clients and servers in virtual time, for a test that wants to look at what is on the wire. The real machines and the real encoding, joined by transports that
/// take no time. Nothing happens by chance, and no time passes but what the test lets pass.
/// </summary>
internal sealed class World
{
    private readonly List<ClientEnd> _clients = [];
    private readonly List<ServerEnd> _servers = [];
    private ulong _minted;
    private long _order;

    internal World(ClientSettings? client = null, SessionSettings? server = null)
    {
        _servers.Add(new ServerEnd(this, server ?? new SessionSettings()));
        AddClient("alice", client);
    }

    internal Instant Now { get; private set; } = Instant.Zero + TimeSpan.FromHours(1);

    /// <summary>Always draws the middle.</summary>
    internal IJitter Jitter { get; } = new MiddleJitter();

    internal ClientEnd Client => _clients[0];

    /// <summary>The server that takes new transports.</summary>
    internal ServerEnd Server => _servers[^1];

    /// <summary>Every transport that was opened, the last one last.</summary>
    internal List<Transport> Transports { get; } = [];

    /// <summary>The newest transport.</summary>
    internal Transport Wire => Transports[^1];

    /// <summary>The transport before the newest.</summary>
    internal Transport OldWire => Transports[^2];

    /// <summary>How a dial fails; null while dials succeed.</summary>
    internal DialFailure? DialsFailWith { get; set; }

    /// <summary>Whether dials hang; <see cref="LetDialsThrough"/> lets them go on.</summary>
    internal bool HoldsDials { get; set; }

    /// <summary>How many messages have been delivered.</summary>
    internal int Steps { get; private set; }

    /// <summary>Called before a message is delivered, with its transport; the message may be lost by what it does.</summary>
    internal Action<Transport>? BeforeStep { get; set; }

    private List<(ClientEnd Client, DialRequest Request)> HeldDials { get; } = [];

    /// <summary>Starts the client and lets it connect.</summary>
    internal World Connected()
    {
        Client.Machine.Start(Now);
        Settle();
        Assert.IsType<ClientState.Connected>(Client.Machine.State);
        return this;
    }

    internal ClientEnd AddClient(string principal, ClientSettings? settings = null, Func<UInt128>? mintId = null)
    {
        var client = new ClientEnd(this, principal, settings ?? new ClientSettings { RacesOnSuspicion = false }, mintId ?? MintId);
        _clients.Add(client);
        return client;
    }

    /// <summary>Puts another server in the place of the one that takes new transports; the old one goes on with what it has.</summary>
    internal ServerEnd Deploy()
    {
        _servers.Add(new ServerEnd(this, Server.Settings));
        return Server;
    }

    internal UInt128 MintId() => new(0xE17, ++_minted);

    internal long NextOrder() => ++_order;

    /// <summary>Cuts the newest transport: what is on the way is lost, both ends notice.</summary>
    internal void CutTheWire()
    {
        Wire.Cut();
        Settle();
    }

    /// <summary>Opens the new transport of a cycle and holds the client's switch back: the client is crossing, the server does not know it yet.</summary>
    internal World CycleHeldAtTheSwitch()
    {
        BeforeStep = static wire => wire.Up.IsFrozen |= wire == wire.World.Wire && wire.AtServer is not null;
        Client.Cycle();
        BeforeStep = null;
        Assert.IsType<SessionState.Crossing>(Client.Session.Machine.State);
        Assert.IsType<SessionState.Proving>(Server.Session.Machine.State);
        return this;
    }

    /// <summary>
    /// Opens the new transport of a cycle and holds the server's switch back: both ends are crossing, and the client does not know it yet. The server waits for
    /// the acknowledgement of one message, "last on the old".
    /// </summary>
    internal World CycleHeldAtTheServersSwitch()
    {
        CycleHeldAtTheSwitch();
        Assert.Equal(AcceptResult.Accepted, Server.Session.Send("last on the old"));
        Settle();
        Wire.Down.IsFrozen = true;
        Wire.Up.IsFrozen = false;
        Settle();
        Assert.IsType<SessionState.Crossing>(Server.Session.Machine.State);
        return this;
    }

    internal void Dial(ClientEnd client, DialRequest request)
    {
        if (HoldsDials) { HeldDials.Add((client, request)); }
        else if (DialsFailWith is { } failure) { client.Machine.DialFailed(request.Epoch, failure, Now); }
        else
        {
            Transports.Add(new Transport(this, client, Server, request));
            client.Opened(Wire);
        }
    }

    /// <summary>Opens a transport for a principal by hand, and says something on it.</summary>
    internal Transport DialByHand(string principal, long epoch, string first)
    {
        var stranger = new ClientEnd(this, principal, new ClientSettings(), MintId);
        var transport = new Transport(this, stranger, Server, epoch, first);
        Transports.Add(transport);
        Settle();
        return transport;
    }

    /// <summary>As <see cref="DialByHand(string, long, string)"/>, with a hello.</summary>
    internal Transport DialByHand(string principal, Hello hello)
    {
        var writer = new JsonFrameWriter();
        writer.Begin();
        writer.WriteHello(hello);
        return DialByHand(principal, hello.Epoch, Encoding.UTF8.GetString(writer.End().Span));
    }

    internal void LetDialsThrough()
    {
        HoldsDials = false;
        (ClientEnd Client, DialRequest Request)[] held = [.. HeldDials];
        HeldDials.Clear();
        foreach ((ClientEnd client, DialRequest request) in held) { Dial(client, request); }
        Settle();
    }

    /// <summary>Lets everything happen that needs no time.</summary>
    internal void Settle()
    {
        Drive();
        int stepsMax = Steps + 100_000;
        while (Deliver())
        {
            Drive();
            Assert.True(Steps < stepsMax, "The ends never fall silent.");
        }
    }

    /// <summary>Delivers one message, and lets both ends do what follows from it.</summary>
    internal void Step()
    {
        Drive();
        Deliver();
        Drive();
    }

    /// <summary>Lets time pass, from deadline to deadline.</summary>
    internal void Pass(TimeSpan time)
    {
        Instant until = Now + time;
        Settle();
        for (int rounds = 0; NextDeadline <= until; rounds++)
        {
            Assert.True(rounds < 100_000, $"A deadline stays at {NextDeadline}.");
            Now = NextDeadline > Now ? NextDeadline : Now;
            TickAll();
            Settle();
        }
        Now = until;
    }

    /// <summary>Lets time pass in one leap, as if this process had slept.</summary>
    internal void Leap(TimeSpan time)
    {
        Now += time;
        TickAll();
        Settle();
    }

    /// <summary>Lets both ends write and handle what they have, without delivering anything.</summary>
    internal void Drive()
    {
        foreach (ServerEnd server in _servers) { server.Drive(); }
        foreach (ClientEnd client in _clients) { client.Drive(); }
    }

    /// <summary>Lets an end read a message that is not on the wire.</summary>
    internal void Feed(EitEnd end, string json, Transport? on = null)
    {
        SessionEnd session = End(end);
        session.Receive(on ?? Wire, new Packet(Encoding.UTF8.GetBytes(json), code: null));
    }

    /// <summary>Gets the client's or the server's end of the newest session.</summary>
    internal SessionEnd End(EitEnd end) => end == EitEnd.Client ? Client.Session : Server.Session;

    /// <summary>An end has found a violation; its session is over, and the other end hears of it if the wire is not cut.</summary>
    internal void AssertViolated(EitEnd by, CloseCode code, string clause)
    {
        Settle();
        SessionOutput.Ended? ended = End(by).Ended;
        Assert.NotNull(ended);
        Assert.Equal((code, clause), (ended.Code, ended.Violation?.Clause));
        Assert.Equal(code, Transports.Last(transport => transport.AtServer == Server.Session).From(by).Close);
    }

    private Instant NextDeadline => _clients.Select(static client => client.NextDeadline)
        .Concat(_servers.Select(static server => server.NextDeadline))
        .Aggregate(Instant.Never, Instant.Earlier);

    private void TickAll()
    {
        foreach (ServerEnd server in _servers) { server.Tick(); }
        foreach (ClientEnd client in _clients) { client.Tick(); }
    }

    /// <summary>Delivers the message that waits longest.</summary>
    private bool Deliver()
    {
        Direction? next = Transports.SelectMany(static transport => (Direction[])[transport.Up, transport.Down])
            .Where(static direction => direction.HasNext).MinBy(static direction => direction.NextOrder);
        if (next is null) { return false; }
        Steps++;
        BeforeStep?.Invoke(next.Transport);
        if (next.HasNext) { next.DeliverNext(); }
        return true;
    }

    private sealed class MiddleJitter : IJitter
    {
        public double Next() => 0.5;
    }
}
