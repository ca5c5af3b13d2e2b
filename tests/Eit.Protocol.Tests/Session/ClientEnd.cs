using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>A client with its driver.</summary>
internal sealed class ClientEnd(World world, string principal, ClientSettings settings, Func<UInt128> mintId)
{
    private static readonly TimeSpan s_dialLimit = TimeSpan.FromSeconds(10);

    private readonly List<Transport> _dialling = [];

    internal string Principal => principal;

    internal ClientMachine Machine { get; } = new(settings, mintId, world.Jitter);

    /// <summary>Every session that has begun, the last one last.</summary>
    internal List<SessionEnd> Sessions { get; } = [];

    /// <summary>The session that the client has now; the last one that it had, if it has none.</summary>
    internal SessionEnd Session => Sessions.FindLast(session => session.Machine == Machine.Session) ?? Sessions[^1];

    internal List<DialRequest> Dials { get; } = [];

    internal List<ClientOutput> Outputs { get; } = [];

    internal IEnumerable<ClientOutput.StateChanged> Changes => Outputs.OfType<ClientOutput.StateChanged>();

    internal IEnumerable<ClientState> States => Changes.Select(static change => change.Current);

    internal Instant NextDeadline => Sessions.Select(static session => session.Machine.NextDeadline).Append(Machine.NextDeadline)
        .Concat(_dialling.Select(static transport => transport.DialledAt + s_dialLimit)).Aggregate(Instant.Never, Instant.Earlier);

    /// <summary>Asks for a cycle and lets it begin.</summary>
    internal void Cycle()
    {
        Assert.True(Machine.RequestCycle("request", world.Now));
        world.Settle();
    }

    /// <summary>A dial has led to a transport, on which welcome has not come.</summary>
    internal void Opened(Transport transport) => _dialling.Add(transport);

    internal void Receive(Transport transport, Packet packet)
    {
        _dialling.Remove(transport);
        if (transport.AtClient is { } session) { session.Receive(transport, packet); }
        else if (packet.Code is { } code) { Machine.DialFailed(transport.Epoch, new DialFailure(DialFailureKind.Closed, "closed") { Code = code }, world.Now); }
        else { Welcome(transport, packet); }
    }

    internal void Tick()
    {
        foreach (SessionEnd session in Sessions) { session.Tick(); }
        foreach (Transport transport in _dialling.FindAll(transport => world.Now >= transport.DialledAt + s_dialLimit))
        {
            _dialling.Remove(transport);
            transport.Down.EndWith(code: null);
            transport.Up.WriteClose(CloseCode.Lost);
            Machine.DialFailed(transport.Epoch, new DialFailure(DialFailureKind.Timeout, "no welcome"), world.Now);
        }
    }

    internal void Drive()
    {
        bool isMoving = true;
        while (isMoving)
        {
            isMoving = false;
            foreach (SessionEnd session in Sessions.ToArray()) { session.Drive(); }
            while (Machine.TryTake(out ClientOutput? output))
            {
                isMoving = true;
                Outputs.Add(output!);
            }
            if (Machine.TryBeginDial(world.Now, out DialRequest? request))
            {
                isMoving = true;
                Dials.Add(request!);
                world.Dial(this, request!);
            }
        }
    }

    private void Welcome(Transport transport, Packet packet)
    {
        if (FrameRules.OfFirst(EitEnd.Client, packet.Frames[0].Type) is { } fault)
        {
            Machine.DialFailed(transport.Epoch, new DialFailure(DialFailureKind.Protocol, fault.Reason), world.Now);
            transport.Up.WriteClose(fault.Code);
            return;
        }
        var welcome = (Welcome)packet.Frames[0].Body!;
        SessionMachine? machine = Machine.Welcomed(transport.Epoch, welcome, world.Now.Since(transport.DialledAt), world.Now);
        if (machine is null)
        {
            transport.Up.WriteClose(CloseCode.SessionLost);
            return;
        }
        SessionEnd? session = Sessions.Find(known => known.Machine == machine);
        if (session is null) { Sessions.Add(session = new SessionEnd(world, machine, EitEnd.Client, output => Machine.SessionSaid(machine, output, world.Now))); }
        transport.AtClient = session;
        session.Attach(transport);
        session.Receive(transport, packet, framesRead: 1);
    }
}
