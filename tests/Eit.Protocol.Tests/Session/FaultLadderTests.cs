using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>
/// One conversation with everything in it: hello, messages both ways in lanes and pieces, a planned hand-over, a loss and its resume, a patient close. It is
/// run again and again, and each time it is hurt at another step; a step is a WebSocket message that is about to be delivered.
/// </summary>
public class FaultLadderTests
{
    private static readonly string[] s_up = [.. Enumerable.Range(1, 9).Select(static number => $"up {number}"), new('U', 40_000)];
    private static readonly string[] s_down = [.. Enumerable.Range(1, 9).Select(static number => $"down {number}"), new('D', 40_000)];

    /// <summary>Gets how a transport is hurt.</summary>
    public static TheoryData<string, int> Hurts
    {
        get
        {
            var hurts = new TheoryData<string, int>();
            foreach (string kind in (string[])["both notice", "the client notices", "the server notices", "nobody notices"])
            {
                hurts.Add(kind, 0);                                // Once.
                hurts.Add(kind, 1);                                // And once more, so many steps later.
                hurts.Add(kind, 3);
            }
            return hurts;
        }
    }

    [Theory, Clause("N1.5")]
    [MemberData(nameof(Hurts))]
    public void Hurting_a_transport_at_any_step_loses_nothing_and_repeats_nothing(string kind, int again)
    {
        int rungs = 0;
        for (int step = 1; ; step++)
        {
            World world = new();
            int hurt = 0;
            world.BeforeStep = wire =>
            {
                bool isHurt = world.Steps == step || (again > 0 && world.Steps == step + again);
                if (!isHurt) { return; }
                hurt++;
                Hurt(wire, kind);
            };

            Converse(world);

            AssertAllIsWell(world, $"{kind}, at step {step}{(again > 0 ? $" and {step + again}" : "")}");
            if (hurt == 0) { break; }                              // Every rung was tried.
            rungs++;
        }
        Assert.InRange(rungs, 30, 200);
    }

    [Fact]
    public void A_conversation_that_is_not_hurt_uses_three_transports()
    {
        World world = new();

        Converse(world);

        AssertAllIsWell(world, "not hurt");
        Assert.Equal(3, world.Transports.Count);
        Assert.Equal(1, world.Client.Session.CountOf<SessionOutput.HandedOver>());
        Assert.Equal(1, world.Client.Session.CountOf<SessionOutput.Resumed>());
        Assert.All(world.Server.Session.Outcomes, static outcome => Assert.Equal(SendOutcome.Processed, outcome.Outcome));
    }

    private static void Converse(World world)
    {
        world.Client.Machine.Start(world.Now);
        world.Pass(TimeSpan.FromSeconds(30));
        (SessionEnd client, SessionEnd server) = (world.Client.Session, world.Server.Session);
        client.SendAll(s_up[..3]);
        server.SendAll(s_down[..3]);
        world.Pass(TimeSpan.FromSeconds(10));

        world.Client.Machine.RequestCycle("request", world.Now);
        Send(client, s_up[9], Lane.Bulk);
        Send(server, s_down[9], Lane.Bulk);
        client.SendAll(s_up[3..5]);
        server.SendAll(s_down[3..5]);
        world.Pass(TimeSpan.FromSeconds(10));

        client.SendAll(s_up[5..6]);
        server.SendAll(s_down[5..6]);
        world.Drive();
        world.Wire.Cut();
        client.SendAll(s_up[6..7]);
        server.SendAll(s_down[6..7]);
        world.Pass(TimeSpan.FromSeconds(10));

        client.SendAll(s_up[7..9]);
        server.SendAll(s_down[7..9]);
        world.Client.Machine.BeginClose(new CloseNotice(CloseCode.Closed, "done"), takesInbound: true, TimeSpan.FromSeconds(30), world.Now);
        world.Pass(TimeSpan.FromSeconds(60));
    }

    private static void Send(SessionEnd end, string text, Lane lane) => Assert.Equal(AcceptResult.Accepted, end.Send(text, lane, mayWait: true, isAwaited: true));

    private static void Hurt(Transport wire, string kind)
    {
        switch (kind)
        {
            case "both notice":
                wire.Cut();
                break;
            case "the client notices":
                wire.CutAt(EitEnd.Client);
                break;
            case "the server notices":
                wire.CutAt(EitEnd.Server);
                break;
            default:
                wire.Up.EndWith(code: null);
                wire.Down.EndWith(code: null);
                break;
        }
    }

    private static void AssertAllIsWell(World world, string what)
    {
        (SessionEnd client, SessionEnd server) = (world.Client.Session, world.Server.Sessions.Last(session => session.Machine.Id == world.Client.Session.Machine.Id));
        Assert.True(InOrder(s_up, server.Received), $"{what}: the server has received {Describe(server.Received)}.");
        Assert.True(InOrder(s_down, client.Received), $"{what}: the client has received {Describe(client.Received)}.");
        Assert.True(world.Client.Machine.State is ClientState.Closed { Code: CloseCode.Closed }, $"{what}: {world.Client.Machine.State}");
        Assert.True(client.Ended is { Unfinished.Count: 0, Violation: null }, $"{what}: {client.Ended}");   // C2.4: it knows every outcome.
        Assert.True(client.Outcomes.Count == s_up.Length && client.Outcomes.TrueForAll(static outcome => outcome.Outcome == SendOutcome.Processed), what);

        // The server's last acknowledgements may be lost with the last transport; then it can't know, and says so.
        Assert.True(server.Ended is { Code: CloseCode.Closed, Violation: null }, $"{what}: {server.Ended}");
        Assert.True(server.Outcomes.Count == s_down.Length && server.Outcomes.TrueForAll(static outcome => outcome.Outcome is SendOutcome.Processed or SendOutcome.Unknown), what);
        Assert.True(world.Server.Directory.Count == 0, what);
    }

    /// <summary>All are there, once, and in the order of their lane.</summary>
    private static bool InOrder(string[] sent, IEnumerable<string> received)
    {
        string[] all = [.. received];
        return all.Where(static text => text.Length < 100).SequenceEqual(sent[..9]) && all.Count(text => text == sent[9]) == 1 && all.Length == sent.Length;
    }

    private static string Describe(IEnumerable<string> texts) => string.Join(", ", texts.Select(static text => text.Length < 100 ? text : $"{text[0]} × {text.Length}"));
}
