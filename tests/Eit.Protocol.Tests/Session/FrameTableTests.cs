using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>The tables of what a session does in each of its states, walked with the real machines.</summary>
public class FrameTableTests
{
    // A: it is acted on. B: it has no place on such a transport (X1.2). b: it has, but the hand-over does not wait for it (H1.5, H1.11). i: it is ignored (X1.3).
    // The columns: hello, welcome, data, ack, ping, pong, switch, resend, cycle, terms, close.
    private static readonly Dictionary<(string Place, long Epoch), string> s_frames = new()
    {
        [("server online", 1)] = "BBAAAABbBBA",
        [("server online", 99)] = "iiiiiiiiiii",
        [("server online after a cycle", 1)] = "iiiiiiiiiii",
        [("server online after a cycle", 2)] = "BBAAAABABBA",
        [("server proving", 1)] = "BBAAAABABBA",
        [("server proving", 2)] = "BBBAAAABBBB",
        [("server proving without the old", 1)] = "iiiiiiiiiii",
        [("server proving without the old", 2)] = "BBBAAAABBBB",
        [("server crossing", 1)] = "BBAAAABABBA",
        [("server crossing", 2)] = "BBAAAABABBA",
        [("server crossing without the old", 1)] = "iiiiiiiiiii",
        [("server crossing without the old", 2)] = "BBAAAABABBA",
        [("server detached", 1)] = "iiiiiiiiiii",
        [("server ended", 1)] = "iiiiiiiiiii",
        [("client online", 1)] = "BBAAAAbbAAA",
        [("client online", 99)] = "iiiiiiiiiii",
        [("client online after a cycle", 1)] = "iiiiiiiiiii",
        [("client online after a cycle", 2)] = "BBAAAAbAAAA",
        [("client crossing before switch", 1)] = "BBAAAABAAAA",
        [("client crossing before switch", 2)] = "BBbAAAAbAAA",
        [("client crossing after switch", 1)] = "BBAAAABAAAA",
        [("client crossing after switch", 2)] = "BBAAAAbAAAA",
        [("client crossing without the old", 1)] = "iiiiiiiiiii",
        [("client crossing without the old", 2)] = "BBbAAAAbAAA",
        [("client detached", 1)] = "iiiiiiiiiii",
        [("client ended", 1)] = "iiiiiiiiiii",
    };

    [Fact, Clause("X1.2", "X1.3")]
    public void Every_frame_in_every_state_has_the_stated_outcome()
    {
        Assert.Equal(Place.All.Select(static place => place.Name).Order(), s_frames.Keys.Select(static row => row.Place).Distinct().Order());
        foreach (((string name, long epoch), string row) in s_frames)
        {
            Place place = Place.All.Single(each => each.Name == name);
            foreach (FrameType type in Enum.GetValues<FrameType>())
            {
                (World world, SessionEnd end) = place.Enter();
                TransportRole? role = end.Machine.RoleOf(epoch);
                FrameRule stated = row[(int)type] switch { 'B' => FrameRule.BadState, 'i' => FrameRule.Ignore, _ => FrameRule.Act };

                Assert.True(stated == FrameRules.For(place.End, role, type), $"{name}, transport {epoch} ({role}), {type}: the table of frames says {FrameRules.For(place.End, role, type)}.");
                AssertOutcome(world, end, epoch, type, row[(int)type], $"{name}, transport {epoch} ({role}), {type}");
            }
        }
    }

    [Fact, Clause("X1.2", "X1.3")]
    public void The_table_of_frames_knows_every_frame_on_every_transport_at_either_end()
    {
        foreach (EitEnd end in Enum.GetValues<EitEnd>())
        {
            foreach (FrameType type in Enum.GetValues<FrameType>())
            {
                Assert.Equal(FrameRule.Ignore, FrameRules.For(end, role: null, type));
                Assert.All(Enum.GetValues<TransportRole>(), role => Assert.NotEqual(FrameRule.Ignore, FrameRules.For(end, role, type)));
            }
        }
    }

    [Fact]
    public void The_places_are_the_states_that_they_are_named_for()
    {
        Dictionary<string, SessionState> states = Place.All.ToDictionary(static place => place.Name, static place => place.Enter().End.Machine.State);

        Assert.Equal(new SessionState.Online(1), states["server online"]);
        Assert.Equal(new SessionState.Online(2), states["server online after a cycle"]);
        Assert.Equal(new SessionState.Proving(1, 2), states["server proving"]);
        Assert.Equal(new SessionState.Proving(null, 2), states["server proving without the old"]);
        Assert.Equal(new SessionState.Crossing(1, 2), states["server crossing"]);
        Assert.Equal(new SessionState.Crossing(null, 2), states["server crossing without the old"]);
        Assert.IsType<SessionState.Detached>(states["server detached"]);
        Assert.IsType<SessionState.Ended>(states["server ended"]);
        Assert.Equal(new SessionState.Online(1), states["client online"]);
        Assert.Equal(new SessionState.Online(2), states["client online after a cycle"]);
        Assert.Equal(new SessionState.Crossing(1, 2), states["client crossing before switch"]);
        Assert.Equal(new SessionState.Crossing(1, 2), states["client crossing after switch"]);
        Assert.Equal(new SessionState.Crossing(null, 2), states["client crossing without the old"]);
        Assert.IsType<SessionState.Detached>(states["client detached"]);
        Assert.IsType<SessionState.Ended>(states["client ended"]);
        Assert.Equal(15, states.Count);
    }

    private static void AssertOutcome(World world, SessionEnd end, long epoch, FrameType type, char stated, string what)
    {
        UInt128 before = end.Digest;
        int closes = end.CountOf<SessionOutput.CloseTransport>();
        int transports = end.Transports.Count;
        bool wasEnded = end.Ended is not null;

        Frame frame = WellFormed(end, epoch, type);
        end.Machine.FrameReceived(epoch, in frame, world.Now);
        UInt128 after = end.Digest;
        end.Drive();

        switch (stated)
        {
            case 'A':
                Assert.True(end.Ended is null, $"{what}: {end.Ended}");
                break;
            case 'B' or 'b':
                Assert.True(end.Ended is { Code: CloseCode.BadState, Violation: not null }, $"{what}: {end.Ended}");
                Assert.True(end.Ended.Violation.Clause == "X1.2" == (stated == 'B'), $"{what}: {end.Ended.Violation.Clause}");
                Assert.True(end.CountOf<SessionOutput.CloseTransport>() == closes + transports, $"{what}: every transport is closed.");
                break;
            default:
                Assert.True(before == after, $"{what}: something has changed.");
                Assert.True(wasEnded == end.Ended is not null, what);
                break;
        }
    }

    /// <summary>A frame that would be welcome, if it came in its place.</summary>
    private static Frame WellFormed(SessionEnd end, long epoch, FrameType type)
    {
        SessionMachine machine = end.Machine;
        bool isOnNew = machine.State is SessionState.Crossing { New: var other } && other == epoch;
        bool isGapOpen = machine.State is SessionState.Crossing { Old: not null } && machine.Received == 0;
        object? body = type switch
        {
            FrameType.Ack => new Ack { Received = machine.PeerReceived, Processed = default, Credit = new Credit(100, 100_000) },
            FrameType.Resend => new Resend(3 - epoch),
            FrameType.Close => new CloseNotice(CloseCode.Closed, "done"),
            FrameType.Cycle => new CycleRequest("age", TimeSpan.FromMinutes(1)),
            FrameType.Terms => new Terms(TimeSpan.FromSeconds(1), Expires: null),
            _ => null,
        };
        long number = type switch
        {
            FrameType.Data => machine.Received + (isOnNew && isGapOpen ? 2 : 1),
            FrameType.Resend => machine.PeerReceived,
            FrameType.Close or FrameType.Switch => machine.Received,
            _ => 1,
        };
        return new Frame { Type = type, Number = number, Body = body, IsText = true, Lane = Lane.Normal, Payload = Encoding.UTF8.GetBytes("text") };
    }
}
