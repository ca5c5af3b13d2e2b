using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>A client with its driver.</summary>
internal sealed class SimClient
{
    private readonly ISimWorld _world;
    private readonly ClientSettings _settings;
    private readonly FrameBatch _frames = new();
    private readonly JsonFrameReader _reader = new();
    private int _said;

    internal SimClient(ISimWorld world, string name, ClientSettings settings, Func<UInt128>? mintId = null)
    {
        (_world, _settings, Name) = (world, settings, name);
        Machine = new ClientMachine(settings, mintId ?? world.MintId, world.Jitter);
    }

    internal string Name { get; }

    internal ClientMachine Machine { get; }

    /// <summary>Every session that has begun, the last one last.</summary>
    internal List<SimSession> Sessions { get; } = [];

    internal SimSession? Current => Sessions.Find(session => session.Machine == Machine.Session);

    internal int CyclesDone { get; private set; }

    internal List<ClientState> States { get; } = [];

    /// <summary>A message comes in on a link: welcome, if it has none of our sessions yet.</summary>
    internal void Receive(SimLink link, SimLink.Packet packet, Backoff.Instant dialledAt)
    {
        if (link.IsUnwanted) { return; }
        if (link.ClientEnd is { } end)
        {
            Backoff.Instant deadline = Machine.NextDeadline;
            int said = _said;
            if (packet.Code is { } lost)
            {
                end.Links.Remove(link);
                end.Machine.TransportLost(link.Epoch, lost, "closed", _world.Now);
            }
            else { end.Receive(link, packet); }
            Hear(end);
            if (said == _said && Machine.NextDeadline < deadline) { throw new HistoryException("A dial has become due, and nobody was told: a driver with a timer would miss it."); }
        }
        else if (packet.Code is { } code) { Machine.DialFailed(link.Epoch, new DialFailure(DialFailureKind.Closed, "closed") { Code = code }, _world.Now); }
        else { Welcome(link, packet, dialledAt); }
        Drive();
    }

    internal void Drive()
    {
        bool isMoving = true;
        while (isMoving)
        {
            isMoving = false;
            foreach (SimSession session in Sessions.ToArray()) { Hear(session); }
            while (Machine.TryTake(out ClientOutput? output))
            {
                isMoving = true;
                if (output is ClientOutput.StateChanged changed) { States.Add(changed.Current); }
                if (output is ClientOutput.CycleEnded { Failure: null }) { CyclesDone++; }
            }
            if (Machine.TryBeginDial(_world.Now, out DialRequest? request))
            {
                isMoving = true;
                Sessions.Find(session => session.Machine.Id == request!.Hello.Session)?.Incoming.Credit?.Give(request!.Hello.Credit);
                _world.Dialled(this, request!);
            }
        }
        Sessions.RemoveAll(session => session.Machine.State is SessionState.Ended && !session.IsBusy && session.Machine.InboxMessages == 0);
    }

    private void Hear(SimSession session) => session.Drive(output =>
    {
        _said++;
        Machine.SessionSaid(session.Machine, output, _world.Now);
    });

    internal void AppendTo(StateDigest digest)
    {
        Machine.AppendTo(digest);
        foreach (SimSession session in Sessions) { session.AppendTo(digest); }
    }

    private void Welcome(SimLink link, SimLink.Packet packet, Backoff.Instant dialledAt)
    {
        Violation? violation = _reader.Read(packet.Message, isText: true, _frames);
        if (violation is not null || _frames[0].Body is not Welcome welcome) { throw new HistoryException("The first message of a server is not a welcome."); }
        SessionMachine? machine = Machine.Welcomed(link.Epoch, welcome, _world.Now.Since(dialledAt), _world.Now);
        if (machine is null)
        {
            link.IsUnwanted = true;
            link.Close(toServer: true, CloseCode.SessionLost);
            _world.Sent(link, toServer: true);
            return;
        }
        SimSession? session = Sessions.Find(known => known.Machine == machine);
        if (session is null) { Sessions.Add(session = new SimSession(_world, machine, _settings.Session, isClient: true)); }
        link.ClientEnd = session;
        session.Links.Add(link);
        session.Receive(link, packet);
    }
}
