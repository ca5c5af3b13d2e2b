using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>A server with its driver.</summary>
internal sealed class SimServer(ISimWorld world, SessionSettings settings)
{
    private readonly SessionDirectory<SimSession> _directory = new(new DirectoryLimits(), static session => session.Machine.HighestEpoch);

    internal List<SimSession> Sessions { get; } = [];

    /// <summary>Whether its process lives.</summary>
    internal bool IsUp { get; private set; } = true;

    internal bool IsDraining { get; private set; }

    internal TimeSpan Spread { get; set; } = TimeSpan.FromMilliseconds(500);

    internal TimeSpan? Expires { get; set; }

    /// <summary>A dial has arrived. The link then carries the welcome, or a close.</summary>
    internal void Admit(SimLink link, Hello hello, string principal)
    {
        var terms = new TransportTerms(hello.Timeout, Spread, Expires);
        switch (_directory.Judge(hello, principal))
        {
            case AdmissionVerdict<SimSession>.GoOn goOn:
                Violation? violation = goOn.Session.Machine.Admit(hello, terms, world.Now);
                if (violation is null) { Attach(link, hello, goOn.Session); }
                else { Refuse(link, violation); }
                goOn.Session.Drive(output => Note(goOn.Session, output));
                break;
            case AdmissionVerdict<SimSession>.Begin begin:
                if (begin.Superseded is { } older)
                {
                    older.Machine.Abandon(CloseCode.Superseded, "Another client has presented the same instance.");
                    older.Drive(output => Note(older, output));
                }
                Begin(link, hello, terms, begin.Refusal, principal);
                break;
            case AdmissionVerdict<SimSession>.Refuse refuse:
                Refuse(link, refuse.Violation);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    internal void Receive(SimLink link, SimLink.Packet packet)
    {
        if (link.ServerEnd is not { } end) { return; }
        if (packet.Code is { } code)
        {
            end.Links.Remove(link);
            end.Machine.TransportLost(link.Epoch, code, "closed", world.Now);
        }
        else { end.Receive(link, packet); }
        Drive(end);
    }

    internal void Drive(SimSession session) => session.Drive(output => Note(session, output));

    internal void DriveAll()
    {
        foreach (SimSession session in Sessions.ToArray()) { Drive(session); }
    }

    internal void BeginDrain(TimeSpan within)
    {
        IsDraining = true;
        foreach (SimSession session in Sessions) { session.Machine.AskToCycle(new CycleRequest("drain", within)); }
        DriveAll();
    }

    internal void CloseAll(TimeSpan giveUpAfter)
    {
        foreach (SimSession session in Sessions) { session.Machine.BeginClose(new CloseNotice(CloseCode.Draining, "The server stops."), takesInbound: true, giveUpAfter, world.Now); }
        DriveAll();
    }

    /// <summary>The process dies: nobody is told anything.</summary>
    internal void Die()
    {
        IsUp = false;
        foreach (SimSession session in Sessions)
        {
            session.Outgoing.IsOrphaned = true;
            foreach (SimLink link in session.Links) { link.Cut(0, int.MaxValue); }
        }
        Sessions.Clear();
    }

    internal void AppendTo(StateDigest digest)
    {
        _directory.AppendTo(digest);
        foreach (SimSession session in Sessions) { session.AppendTo(digest); }
    }

    private void Begin(SimLink link, Hello hello, TransportTerms terms, ResumeRefusal? refusal, string principal)
    {
        var id = new SessionId(world.MintId());
        byte[] secret = new byte[ResumeProof.SecretBytes];
        var machine = SessionMachine.Accept(id, secret, hello, terms, refusal, settings, world.Jitter, world.Now);
        var session = new SimSession(world, machine, settings, isClient: false);
        _directory.Add(session, id, hello.Instance, principal);
        Sessions.Add(session);
        if (refusal is null) { session.Outgoing.Credit?.Give(hello.Credit); }
        Attach(link, refusal is null ? hello : null, session);
        Drive(session);
    }

    private static void Attach(SimLink link, Hello? hello, SimSession session)
    {
        if (hello is not null) { session.Outgoing.Credit?.Tell(hello.Credit); }
        link.ServerEnd = session;
        session.Links.Add(link);
    }

    private void Refuse(SimLink link, Violation violation)
    {
        link.Close(toServer: false, violation.Code);
        world.Sent(link, toServer: false);
    }

    private void Note(SimSession session, SessionOutput output)
    {
        switch (output)
        {
            case SessionOutput.OutageBegan:
                foreach (SimSession evicted in _directory.Detached(session.Machine.Id).Select(static one => one.Session))
                {
                    evicted.Machine.Abandon(CloseCode.SessionLost, "Too many sessions wait for their client.");
                    Drive(evicted);
                }
                break;
            case SessionOutput.Resumed:
                _directory.Attached(session.Machine.Id);
                break;
            case SessionOutput.Ended:
                _directory.Remove(session.Machine.Id);
                if (!session.IsBusy && session.Machine.InboxMessages == 0) { Sessions.Remove(session); }
                break;
            default:
                break;
        }
    }
}
