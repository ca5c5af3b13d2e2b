using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>What everything but a frame does to a session, in each of its states.</summary>
public class EventTableTests
{
    // O: online, P: proving, X: crossing (with the epochs of the old and the new transport, - for one that is lost), D: detached, E: ended. =: nothing has changed.
    private static readonly string[] s_serverPlaces =
        ["server online", "server proving", "server proving without the old", "server crossing", "server crossing without the old", "server detached", "server ended"];

    private static readonly string[] s_clientPlaces =
        ["client online", "client crossing before switch", "client crossing after switch", "client crossing without the old", "client detached", "client ended"];

    private static readonly Dictionary<string, (Action<World, SessionEnd> Event, string[] Outcomes)> s_atServer = new()
    {
        ["the first transport is lost"] = (Lose(1, CloseCode.Lost), ["D", "P-2", "=", "O2", "=", "=", "="]),
        ["the second transport is lost"] = (Lose(2, CloseCode.Lost), ["=", "O1", "D", "O1", "D", "=", "="]),
        ["an unknown transport is lost"] = (Lose(99, CloseCode.Lost), ["=", "=", "=", "=", "=", "=", "="]),
        ["the first transport is closed for good"] = (Lose(1, CloseCode.Closed), ["E4000", "E4000", "=", "E4000", "=", "=", "="]),
        ["the second transport is closed for good"] = (Lose(2, CloseCode.Closed), ["=", "E4000", "E4000", "E4000", "E4000", "=", "="]),
        ["the first transport can't be read"] = (Violate(1), ["E4500", "E4500", "=", "E4500", "=", "=", "="]),
        ["the second transport can't be read"] = (Violate(2), ["=", "E4500", "E4500", "E4500", "E4500", "=", "="]),
        ["time has not passed"] = (Tick(0), ["=", "=", "=", "=", "=", "=", "="]),
        ["the wait for the gap has passed"] = (Tick(0.25), ["=", "=", "=", "O2", "=", "=", "="]),
        ["the time-out has passed"] = (Tick(5), ["D", "D", "D", "D", "D", "=", "="]),
        ["the window has passed"] = (Tick(120), [.. LateTick, "E4301", "="]),
        ["resume"] = (Admit(HelloWant.Resume), ["O9", "O9", "O9", "O9", "O9", "O9", "refused 4301"]),
        ["cycle"] = (Admit(HelloWant.Cycle), ["P19", "P19", "P-9", "P29", "P29", "P-9", "refused 4301"]),
        ["resume with a stale epoch"] = (Admit(HelloWant.Resume, epoch: 1), [.. Enumerable.Repeat("refused 4701", 6), "refused 4301"]),
        ["resume with a wrong proof"] = (Admit(HelloWant.Resume, proof: "00"), [.. Enumerable.Repeat("refused 4702", 6), "refused 4301"]),
        ["resume with impossible positions"] = (Admit(HelloWant.Resume, received: 100), [.. Enumerable.Repeat("E4503", 6), "refused 4301"]),
        ["detach"] = (Detach, ["D", "D", "D", "D", "D", "=", "="]),
        ["abandon"] = (Abandon, [.. Enumerable.Repeat("E4400", 6), "="]),
        ["begin to close"] = (BeginClose, ["=", "=", "=", "=", "=", "=", "="]),
        ["ask to cycle"] = ((_, end) => end.Machine.AskToCycle(new CycleRequest("age", TimeSpan.Zero)), ["=", "=", "=", "=", "=", "=", "="]),
        ["announce"] = ((world, end) => end.Machine.Announce(new Terms(TimeSpan.Zero, TimeSpan.FromHours(1)), world.Now), ["=", "=", "=", "=", "=", "=", "="]),
        ["announce an expiry that is now"] = ((world, end) => { end.Machine.Announce(new Terms(TimeSpan.Zero, TimeSpan.Zero), world.Now); end.Machine.Tick(world.Now); }, ["D", "P-2", "=", "O1", "D", "=", "="]),
        ["bytes come in"] = (BytesComeIn, ["=", "=", "=", "=", "=", "=", "="]),
    };

    private static readonly Dictionary<string, (Action<World, SessionEnd> Event, string[] Outcomes)> s_atClient = new()
    {
        ["the first transport is lost"] = (Lose(1, CloseCode.Lost), ["D", "X-2", "O2", "=", "=", "="]),
        ["the second transport is lost"] = (Lose(2, CloseCode.Lost), ["=", "O1", "O1", "D", "=", "="]),
        ["an unknown transport is lost"] = (Lose(99, CloseCode.Lost), ["=", "=", "=", "=", "=", "="]),
        ["the first transport is closed for good"] = (Lose(1, CloseCode.Superseded), ["E4700", "E4700", "E4700", "=", "=", "="]),
        ["the second transport is closed for good"] = (Lose(2, CloseCode.Superseded), ["=", "E4700", "E4700", "E4700", "=", "="]),
        ["the first transport can't be read"] = (Violate(1), ["E4500", "E4500", "E4500", "=", "=", "="]),
        ["the second transport can't be read"] = (Violate(2), ["=", "E4500", "E4500", "E4500", "=", "="]),
        ["time has not passed"] = (Tick(0), ["=", "=", "=", "=", "=", "="]),
        ["the wait for the gap has passed"] = (Tick(0.25), ["=", "=", "O2", "=", "=", "="]),
        ["the time-out has passed"] = (Tick(5), ["D", "O1", "D", "D", "=", "="]),
        ["the window has passed"] = (Tick(120), ["=", "=", "O2", "=", "E4301", "="]),
        ["a resume is welcomed"] = (Welcome(HelloWant.Resume), ["O9", "O9", "O9", "O9", "O9", "="]),
        ["a cycle is welcomed"] = (Welcome(HelloWant.Cycle), ["X19", "X29", "X29", "X29", "X-9", "="]),
        ["a resume is welcomed with impossible positions"] = (Welcome(HelloWant.Resume, received: 100), ["E4503", "E4503", "E4503", "E4503", "E4503", "="]),
        ["detach"] = (Detach, ["D", "D", "D", "D", "=", "="]),
        ["abandon"] = (Abandon, ["E4400", "E4400", "E4400", "E4400", "E4400", "="]),
        ["begin to close"] = (BeginClose, ["=", "=", "=", "=", "=", "="]),
        ["confirm"] = ((world, end) => end.Machine.ConfirmNow(world.Now), ["=", "=", "=", "=", "=", "="]),
        ["bytes come in"] = (BytesComeIn, ["=", "=", "=", "=", "=", "="]),
    };

    private static string[] LateTick => ["=", "=", "=", "O2", "="];   // So late a tick means that this end slept: it reads first.

    [Fact]
    public void Every_event_in_every_state_has_the_stated_outcome()
    {
        List<string> faults = [];
        Walk(s_serverPlaces, s_atServer, faults);
        Walk(s_clientPlaces, s_atClient, faults);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void Every_state_takes_messages_or_says_why_not()
    {
        // A message that may not wait, one that may, and one after the session has begun to close.
        Dictionary<string, (AcceptResult Now, AcceptResult MayWait)> table = Place.All.ToDictionary(static place => place.Name, static place => place.Name switch
        {
            "server proving without the old" or "server detached" or "client detached" => (AcceptResult.NotConnected, AcceptResult.Accepted),
            "server ended" or "client ended" => (AcceptResult.Closing, AcceptResult.Closing),
            _ => (AcceptResult.Accepted, AcceptResult.Accepted),
        });

        foreach (Place place in Place.All)
        {
            (World world, SessionEnd end) = place.Enter();
            (AcceptResult, AcceptResult) actual = (end.Send("now"), end.Send("may wait", mayWait: true));
            Assert.True(table[place.Name] == actual, $"{place}: {actual}");
            BeginClose(world, end);
            Assert.Equal(AcceptResult.Closing, end.Send("too late", mayWait: true));
        }
    }

    [Fact]
    public void Every_state_has_a_deadline_but_the_last()
    {
        foreach (Place place in Place.All)
        {
            (World world, SessionEnd end) = place.Enter();
            bool isEnded = end.Machine.State is SessionState.Ended;
            Assert.True(isEnded == (end.Machine.NextDeadline == Backoff.Instant.Never), $"{place}: {end.Machine.NextDeadline}");
            Assert.True(isEnded || end.Machine.NextDeadline > world.Now, $"{place}: {end.Machine.NextDeadline}");
        }
    }

    [Fact]
    public void Nothing_leaves_an_end_that_is_over()
    {
        foreach (Place place in Place.All.Where(static place => place.Name.EndsWith("ended", StringComparison.Ordinal)))
        {
            (World world, SessionEnd end) = place.Enter();
            UInt128 before = end.Digest;
            var writer = new JsonFrameWriter();

            for (long epoch = 0; epoch < 3; epoch++)
            {
                Assert.False(end.Machine.WantsToWrite(epoch, world.Now));
                Assert.False(end.Machine.Fill(epoch, writer, world.Now));
            }
            Assert.False(end.Machine.TryTake(out _));
            Assert.False(end.Machine.TryTakeOutcome(out _));
            Assert.Equal(before, end.Digest);
        }
    }

    private static void Walk(string[] places, Dictionary<string, (Action<World, SessionEnd> Event, string[] Outcomes)> table, List<string> faults)
    {
        foreach ((string name, (Action<World, SessionEnd> happen, string[] outcomes)) in table)
        {
            Assert.Equal(places.Length, outcomes.Length);
            for (int i = 0; i < places.Length; i++)
            {
                Place place = Place.All.Single(each => each.Name == places[i]);
                (World world, SessionEnd end) = place.Enter();
                SessionState before = end.Machine.State;
                string actual;
                try
                {
                    happen(world, end);
                    end.Drive();                                   // It checks every move against the table of moves.
                    actual = end.Machine.State == before ? "=" : Short(end.Machine.State);
                }
                catch (RefusedException refused)
                {
                    end.Drive();
                    actual = end.Machine.State == before ? $"refused {(int)refused.Code}" : Short(end.Machine.State);
                }
                if (actual != outcomes[i]) { faults.Add($"{places[i]}, {name}: {actual}, not {outcomes[i]}"); }
            }
        }
    }

    private static string Short(SessionState state) => state switch
    {
        SessionState.Online online => $"O{online.Epoch}",
        SessionState.Proving proving => $"P{proving.Old?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-"}{proving.New}",
        SessionState.Crossing crossing => $"X{crossing.Old?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-"}{crossing.New}",
        SessionState.Detached => "D",
        SessionState.Ended ended => $"E{(int)ended.Code}",
        _ => "?",
    };

    private static Action<World, SessionEnd> Lose(long epoch, CloseCode code) => (world, end) => end.Machine.TransportLost(epoch, code, "gone", world.Now);

    private static Action<World, SessionEnd> Violate(long epoch) => (_, end) => end.Machine.Violated(epoch, new Violation(CloseCode.Malformed, "F1.3", "unreadable"));

    private static Action<World, SessionEnd> Tick(double seconds) => (world, end) => end.Machine.Tick(world.Now + TimeSpan.FromSeconds(seconds));

    private static Action<World, SessionEnd> Admit(HelloWant want, long epoch = 9, string? proof = null, long? received = null) => (world, end) =>
    {
        SessionMachine client = world.Client.Session.Machine;
        var hello = new Hello
        {
            Instance = world.Client.Machine.Instance,
            Epoch = epoch,
            Want = want,
            Session = client.Id,
            Proof = proof ?? client.Prove(epoch),
            Received = received ?? client.Received,
            Processed = client.Processed,
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1_000_000,
            Credit = client.Credit,
        };
        Violation? violation = end.Machine.Admit(hello, new TransportTerms(hello.Timeout, TimeSpan.Zero, Expires: null), world.Now);
        if (violation is not null) { throw new RefusedException(violation.Code); }
    };

    private static Action<World, SessionEnd> Welcome(HelloWant want, long? received = null) => (world, end) =>
    {
        var first = (Welcome)world.Transports[0].Down.Frames.First().Body!;
        SessionMachine server = world.Server.Session.Machine;
        end.Machine.Welcomed(first with { Secret = null, Epoch = 9, IsResumed = true, Received = received ?? server.Received, Processed = server.Processed }, want, world.Now);
    };

    private static void Detach(World world, SessionEnd end) => end.Machine.Detach(CloseCode.Detached, "sleep", world.Now);

    private static void Abandon(World world, SessionEnd end) => end.Machine.Abandon(CloseCode.Draining, "stop");

    private static void BeginClose(World world, SessionEnd end) => end.Machine.BeginClose(new CloseNotice(CloseCode.Closed, "done"), takesInbound: true, giveUpAfter: null, world.Now);

    private static void BytesComeIn(World world, SessionEnd end)
    {
        for (long epoch = 0; epoch < 3; epoch++) { end.Machine.BytesReceived(epoch, world.Now); }
    }

    private sealed class RefusedException(CloseCode code) : Exception
    {
        internal CloseCode Code => code;
    }
}
