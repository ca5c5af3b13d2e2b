using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class DirectoryTests
{
    private static readonly DialFailure s_noRoute = new(DialFailureKind.Network, "no route");
    private ulong _ids;

    [Fact]
    public void A_session_is_found_by_its_id_and_its_principal()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits());
        SessionId one = Add(directory, "one", "alice");
        SessionId two = Add(directory, "two", "alice");
        SessionId three = Add(directory, "three", principal: null);

        Assert.Equal(3, directory.Count);
        Assert.Equal("one", directory.Find(one));
        Assert.Equal(["one", "two"], directory.Of("alice").Order(StringComparer.Ordinal));
        directory.Remove(two);
        directory.Remove(two);
        Assert.Null(directory.Find(two));
        Assert.Equal(["one"], directory.Of("alice"));
        directory.Remove(one);
        directory.Remove(three);
        Assert.Empty(directory.All);
    }

    [Fact]
    public void Sessions_that_are_gone_leave_no_mark_in_the_digest()
    {
        var before = new SessionDirectory<string>(new DirectoryLimits());
        SessionId first = Add(before, "first", "alice");
        ulong ids = _ids;
        Add(before, "one", "alice");
        before.Remove(first);
        Add(before, "two", "alice");                               // Takes the place of the first.
        var never = new SessionDirectory<string>(new DirectoryLimits());
        _ids = ids;
        Add(never, "one", "alice");
        Add(never, "two", "alice");

        Assert.Equal(DigestOf(never), DigestOf(before));
    }

    [Fact]
    public void Beyond_the_bound_of_waiting_sessions_the_one_that_waits_longest_goes()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedMax = 2 });
        SessionId[] ids = [.. "abcd".Select(name => Add(directory, name.ToString(), $"principal {name}"))];

        Assert.Empty(Detached(directory, ids[0]));
        Assert.Empty(Detached(directory, ids[1]));
        Assert.Equal(["a"], Detached(directory, ids[2]));
        directory.Attached(ids[1]);                                // It has its client back, and makes room.
        Assert.Empty(Detached(directory, ids[3]));
        Assert.Equal(["c"], Detached(directory, ids[1]));          // Who comes back goes to the end of the queue.

        Assert.Equal(2, directory.DetachedCount);
    }

    [Fact, Clause("R2.2")]
    public void Beyond_the_bound_a_session_of_the_owner_goes_that_has_most_of_them()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedMax = 4 });
        SessionId innocent = Add(directory, "innocent", "alice");
        SessionId[] many = [.. "abcde".Select(name => Add(directory, name.ToString(), "bob"))];
        Detached(directory, innocent);                             // Waits longest of all.
        foreach (SessionId one in many[..3]) { Assert.Empty(Detached(directory, one)); }

        Assert.Equal(["a"], Detached(directory, many[3]));
        Eviction<string> evicted = Assert.Single(directory.Detached(many[4]));

        Assert.Equal(new Eviction<string>("b", "bob", 0, nameof(DirectoryLimits.DetachedMax), 4), evicted);
        Assert.Equal(4, directory.DetachedCount);
    }

    [Fact]
    public void An_owner_has_a_bound_of_its_own()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedPerOwnerMax = 1 });
        SessionId[] ofAlice = [Add(directory, "alice 1", "alice"), Add(directory, "alice 2", "alice")];
        SessionId ofBob = Add(directory, "bob", "bob");

        Assert.Empty(Detached(directory, ofBob));                  // He waits longest, but it is not his bound.
        Assert.Empty(Detached(directory, ofAlice[0]));
        Assert.Equal(["alice 1"], Detached(directory, ofAlice[1]));

        Assert.Equal(2, directory.DetachedCount);
    }

    [Fact]
    public void Where_no_session_may_wait_each_goes_at_once()
    {
        var nothing = new SessionDirectory<string>(new DirectoryLimits { DetachedMax = 0 });
        var nobody = new SessionDirectory<string>(new DirectoryLimits { DetachedPerOwnerMax = 0 });

        Assert.Equal(["one"], Detached(nothing, Add(nothing, "one", "alice")));
        Assert.Equal(["one"], Detached(nobody, Add(nobody, "one", "alice")));
        Assert.All((SessionDirectory<string>[])[nothing, nobody], static each => Assert.Equal(0, each.DetachedCount));
    }

    [Fact]
    public void What_is_told_of_an_unknown_session_changes_nothing()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits());
        SessionId id = Add(directory, "one", "alice");
        Detached(directory, id);

        directory.Attached(new SessionId(99));
        directory.Remove(new SessionId(99));
        Assert.Empty(Detached(directory, new SessionId(99)));
        Detached(directory, id);                                   // Told twice, it counts once.

        Assert.Equal((1, 1), (directory.Count, directory.DetachedCount));
        directory.Remove(id);
        Assert.Equal((0, 0), (directory.Count, directory.DetachedCount));
    }

    [Fact]
    public void Those_without_a_name_are_one_owner_and_an_application_may_name_others()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsPerOwnerMax = 1 });
        Add(directory, "one", principal: null);
        directory.Add("two", new SessionId(++_ids), new InstanceId(_ids), "alice", owner: "tenant");

        Assert.IsType<AdmissionVerdict<string>.Refuse>(directory.Judge(HelloOf(HelloWant.New), principal: null));
        Assert.IsType<AdmissionVerdict<string>.Refuse>(directory.Judge(HelloOf(HelloWant.New), "bob", "tenant"));
        Assert.IsType<AdmissionVerdict<string>.Begin>(directory.Judge(HelloOf(HelloWant.New), "alice"));
    }

    [Theory]
    [InlineData(HelloWant.New)]
    [InlineData(HelloWant.Resume)]
    [InlineData(HelloWant.Cycle)]
    public void A_server_that_is_full_refuses_new_sessions_and_keeps_the_old(HelloWant want)
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsMax = 2, SessionsPerOwnerMax = 2 });
        SessionId known = Add(directory, "one", "alice");
        Add(directory, "two", "bob");

        AdmissionVerdict<string> stranger = directory.Judge(HelloOf(want, want == HelloWant.New ? null : new SessionId(99)), "carol");
        AdmissionVerdict<string> owner = directory.Judge(HelloOf(HelloWant.Resume, known) with { Instance = new InstanceId(1_001) }, "alice");

        Assert.Equal(CloseCode.Full, Assert.IsType<AdmissionVerdict<string>.Refuse>(stranger).Violation.Code);
        Assert.Equal("one", Assert.IsType<AdmissionVerdict<string>.GoOn>(owner).Session);
    }

    [Fact]
    public void A_principal_that_is_full_harms_no_other()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsPerOwnerMax = 2 });
        Add(directory, "one", "alice");
        SessionId two = Add(directory, "two", "alice");

        Assert.IsType<AdmissionVerdict<string>.Refuse>(directory.Judge(HelloOf(HelloWant.New), "alice"));
        Assert.IsType<AdmissionVerdict<string>.Begin>(directory.Judge(HelloOf(HelloWant.New), "bob"));
        Assert.IsType<AdmissionVerdict<string>.Begin>(directory.Judge(HelloOf(HelloWant.New), principal: null));
        directory.Remove(two);
        Assert.IsType<AdmissionVerdict<string>.Begin>(directory.Judge(HelloOf(HelloWant.New), "alice"));
    }

    [Fact]
    public void A_new_session_of_an_instance_takes_the_place_of_its_older_one_even_where_all_is_full()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsMax = 1, SessionsPerOwnerMax = 1 });
        var instance = new InstanceId(7);
        directory.Add("older", new SessionId(1), instance, "alice");

        AdmissionVerdict<string> verdict = directory.Judge(HelloOf(HelloWant.New) with { Instance = instance }, "alice");

        Assert.Equal(new AdmissionVerdict<string>.Begin(Refusal: null, "older"), verdict);
    }

    [Fact]
    public void The_same_instance_of_another_principal_is_another_instance()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits());
        var instance = new InstanceId(7);
        directory.Add("alice's", new SessionId(1), instance, "alice");

        Assert.Equal(new AdmissionVerdict<string>.Begin(null, null), directory.Judge(HelloOf(HelloWant.New) with { Instance = instance }, "bob"));
        Assert.Equal(new AdmissionVerdict<string>.Begin(null, null), directory.Judge(HelloOf(HelloWant.New) with { Instance = instance }, principal: null));
    }

    [Fact]
    public void The_older_session_of_an_instance_may_be_removed_after_the_newer_was_added()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits());
        var instance = new InstanceId(7);
        directory.Add("older", new SessionId(1), instance, "alice");
        directory.Add("newer", new SessionId(2), instance, "alice");

        directory.Remove(new SessionId(1));

        Assert.Equal("newer", ((AdmissionVerdict<string>.Begin)directory.Judge(HelloOf(HelloWant.New) with { Instance = instance }, "alice")).Superseded);
    }

    [Fact]
    public void Nothing_can_be_resumed_without_a_principal()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits());
        directory.Add("nobody's", new SessionId(1), new InstanceId(7), principal: null);

        AdmissionVerdict<string> verdict = directory.Judge(HelloOf(HelloWant.Resume, new SessionId(1)), principal: null);

        Assert.Equal(CloseCode.OtherPrincipal, Assert.IsType<AdmissionVerdict<string>.Refuse>(verdict).Violation.Code);
    }

    [Fact, Clause("R1.12")]
    public void A_session_is_unknown_anywhere_but_where_it_was_opened()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits(), static _ => 5);
        object endpoint = new();
        var place = new SessionPlace(endpoint, "/rooms/a", WireEncoding.Binary);
        var id = new SessionId(++_ids);
        var instance = new InstanceId(999_999);
        directory.Add("session", id, instance, "alice", place: place);
        Hello resume = HelloOf(HelloWant.Resume, id) with { Epoch = 6 };

        SessionPlace[] elsewhere = [place with { Endpoint = new object() }, place with { Path = "/rooms/b" }, place with { Path = "/Rooms/a" }, place with { Encoding = WireEncoding.Json }];

        Assert.Equal(new AdmissionVerdict<string>.GoOn("session"), directory.Judge(resume, "alice", place: new SessionPlace(endpoint, "/rooms/a", WireEncoding.Binary)));
        Assert.All(elsewhere, other => Assert.Equal(new AdmissionVerdict<string>.Begin(new ResumeRefusal("unknown", IsStandby: false), "session"), directory.Judge(resume, "alice", place: other)));
        Assert.Equal(new AdmissionVerdict<string>.Begin(new ResumeRefusal("unknown", IsStandby: false), Superseded: null), directory.Judge(resume with { Instance = new InstanceId(1) }, "alice", place: place));
        Assert.Equal(new AdmissionVerdict<string>.Begin(new ResumeRefusal("unknown", IsStandby: true), Superseded: null), directory.Judge(resume with { Want = HelloWant.Cycle }, "alice", place: elsewhere[1]));
        Assert.IsType<AdmissionVerdict<string>.Refuse>(directory.Judge(resume, "bob", place: place));
        Assert.Equal("S2.6", Assert.IsType<AdmissionVerdict<string>.Refuse>(directory.Judge(resume with { Epoch = 5 }, "alice", place: elsewhere[0])).Violation.Clause);
    }

    [Fact]
    public void Limits_out_of_range_are_named()
    {
        var limits = new DirectoryLimits { SessionsMax = 0, SessionsPerOwnerMax = 0, DetachedMax = -1, DetachedPerOwnerMax = -1, HeldBytesMax = 0, HeldBytesPerOwnerMax = -1 };

        Assert.Empty(new DirectoryLimits().Faults());
        Assert.Equal(6, limits.Faults().Count());
    }

    [Fact]
    public void A_session_that_is_evicted_ends_and_its_client_begins_anew()
    {
        World world = new();
        world.Server.Directory = new SessionDirectory<SessionEnd>(new DirectoryLimits { DetachedPerOwnerMax = 1 });
        world.Connected();
        ClientEnd other = world.AddClient("alice");
        other.Machine.Start(world.Now);
        world.Settle();
        world.Server.Sessions[0].SendAll("never left");
        world.Transports[0].Down.IsFrozen = true;
        world.DialsFailWith = s_noRoute;

        world.Transports[0].Cut();
        world.Settle();
        world.Transports[1].Cut();
        world.Settle();
        Assert.Equal(CloseCode.SessionLost, world.Server.Sessions[0].Ended?.Code);
        Assert.Null(world.Server.Sessions[1].Ended);
        world.DialsFailWith = null;
        world.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal(CloseCode.SessionLost, world.Client.Sessions[0].Ended?.Code);
        Assert.Equal(2, world.Client.Sessions.Count);
        Assert.Single(other.Sessions);
        Assert.All((ClientEnd[])[world.Client, other], static client => Assert.IsType<ClientState.Connected>(client.Machine.State));
    }

    [Fact]
    public void A_client_that_finds_the_server_full_comes_back_later()
    {
        World world = new();
        world.Server.Directory = new SessionDirectory<SessionEnd>(new DirectoryLimits { SessionsMax = 1 });
        world.Connected();
        ClientEnd late = world.AddClient("bob");

        late.Machine.Start(world.Now);
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.IsType<ClientState.Waiting>(late.Machine.State);
        Assert.Equal(CloseCode.Full, world.Wire.Down.Close);
        world.Client.Machine.Abandon(CloseCode.Closed, "leaves");
        world.Pass(TimeSpan.FromMinutes(1));

        Assert.IsType<ClientState.Connected>(late.Machine.State);
    }

    private static IEnumerable<string> Detached(SessionDirectory<string> directory, SessionId id) => directory.Detached(id).Select(static one => one.Session);

    private SessionId Add(SessionDirectory<string> directory, string session, string? principal)
    {
        var id = new SessionId(++_ids);
        directory.Add(session, id, new InstanceId(1_000 + _ids), principal);
        return id;
    }

    private static UInt128 DigestOf(SessionDirectory<string> directory)
    {
        var digest = new StateDigest(default);
        directory.AppendTo(digest);
        return digest.Value;
    }

    private static Hello HelloOf(HelloWant want, SessionId? session = null) => new()
    {
        Instance = new InstanceId(999_999),
        Epoch = 1,
        Want = want,
        Session = session,
        Timeout = TimeSpan.FromSeconds(5),
        MessageBytesMax = 1_000,
        Credit = new Credit(1, 1_000),
    };
}
