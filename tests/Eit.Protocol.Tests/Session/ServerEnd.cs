using System.Diagnostics;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>A server with its driver.</summary>
internal sealed class ServerEnd(World world, SessionSettings settings)
{
    internal SessionSettings Settings => settings;

    internal SessionDirectory<SessionEnd> Directory { get; set; } = new(new DirectoryLimits(), static session => session.Machine.HighestEpoch);

    /// <summary>Every session that has begun, the last one last.</summary>
    internal List<SessionEnd> Sessions { get; } = [];

    /// <summary>The newest session.</summary>
    internal SessionEnd Session => Sessions[^1];

    /// <summary>The bounds of the clients' time-outs (S3.1).</summary>
    internal (TimeSpan Shortest, TimeSpan Longest) Timeouts { get; set; } = (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    internal TimeSpan Spread { get; set; } = TimeSpan.FromMilliseconds(500);

    internal TimeSpan? Expires { get; set; }

    internal Instant NextDeadline => Sessions.Select(static session => session.Machine.NextDeadline).Aggregate(Instant.Never, Instant.Earlier);

    internal void Receive(Transport transport, Packet packet)
    {
        if (transport.AtServer is { } session) { session.Receive(transport, packet); }
        else if (packet.Code is null) { Greet(transport, packet); }
    }

    internal void Tick()
    {
        foreach (SessionEnd session in Sessions) { session.Tick(); }
    }

    internal void Drive()
    {
        foreach (SessionEnd session in Sessions.ToArray()) { session.Drive(); }
    }

    private void Greet(Transport transport, Packet packet)
    {
        if (FrameRules.OfFirst(EitEnd.Server, packet.Frames[0].Type) is { } fault)
        {
            transport.Down.WriteClose(fault.Code);
            return;
        }
        var hello = (Hello)packet.Frames[0].Body!;
        TimeSpan timeout = TimeSpan.FromTicks(Math.Clamp(hello.Timeout.Ticks, Timeouts.Shortest.Ticks, Timeouts.Longest.Ticks));
        var terms = new TransportTerms(timeout, Spread, Expires);
        switch (Directory.Judge(hello, transport.Client.Principal))
        {
            case AdmissionVerdict<SessionEnd>.GoOn goOn:
                Violation? violation = goOn.Session.Machine.Admit(hello, terms, world.Now);
                if (violation is null) { Attach(transport, goOn.Session); }
                else { transport.Down.WriteClose(violation.Code); }
                break;
            case AdmissionVerdict<SessionEnd>.Begin begin:
                begin.Superseded?.Machine.Abandon(CloseCode.Superseded, "Another client has presented the same instance.");
                begin.Superseded?.Drive();
                Begin(transport, hello, terms, begin.Refusal);
                break;
            case AdmissionVerdict<SessionEnd>.Refuse refuse:
                transport.Down.WriteClose(refuse.Violation.Code);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void Begin(Transport transport, Hello hello, TransportTerms terms, ResumeRefusal? refusal)
    {
        var id = new SessionId(world.MintId());
        byte[] secret = [.. Enumerable.Range(0, ResumeProof.SecretBytes).Select(index => (byte)((int)(id.Value & 0xFF) + index))];
        SessionMachine machine = SessionMachine.Accept(id, secret, hello, terms, refusal, settings, world.Jitter, world.Now);
        SessionEnd? session = null;
        session = new SessionEnd(world, machine, EitEnd.Server, output => Note(session!, output));
        Sessions.Add(session);
        Directory.Add(session, id, hello.Instance, transport.Client.Principal);
        Attach(transport, session);
    }

    private static void Attach(Transport transport, SessionEnd session)
    {
        transport.AtServer = session;
        session.Attach(transport);
    }

    private void Note(SessionEnd session, SessionOutput output)
    {
        switch (output)
        {
            case SessionOutput.OutageBegan:
                foreach (SessionEnd evicted in Directory.Detached(session.Machine.Id).Select(static one => one.Session))
                {
                    evicted.Machine.Abandon(CloseCode.SessionLost, "Too many sessions wait for their client.");
                    evicted.Drive();
                }
                break;
            case SessionOutput.Resumed:
                Directory.Attached(session.Machine.Id);
                break;
            case SessionOutput.Ended:
                Directory.Remove(session.Machine.Id);
                break;
            default:
                break;
        }
    }
}
