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

        Assert.Empty(directory.Detached(ids[0], 10));
        Assert.Empty(directory.Detached(ids[1], 10));
        Assert.Equal(["a"], directory.Detached(ids[2], 10));
        directory.Attached(ids[1]);                                // It has its client back, and makes room.
        Assert.Empty(directory.Detached(ids[3], 10));
        Assert.Equal(["c"], directory.Detached(ids[1], 10));       // Who comes back goes to the end of the queue.

        Assert.Equal((2, 20), (directory.DetachedCount, directory.DetachedBytes));
    }

    [Fact]
    public void A_principal_has_a_bound_of_its_own()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedPerPrincipalMax = 1 });
        SessionId[] ofAlice = [Add(directory, "alice 1", "alice"), Add(directory, "alice 2", "alice")];
        SessionId ofBob = Add(directory, "bob", "bob");

        Assert.Empty(directory.Detached(ofBob, 0));                // He waits longest, but it is not his bound.
        Assert.Empty(directory.Detached(ofAlice[0], 0));
        Assert.Equal(["alice 1"], directory.Detached(ofAlice[1], 0));

        Assert.Equal(2, directory.DetachedCount);
    }

    [Fact]
    public void Waiting_sessions_are_bounded_in_bytes()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedBytesMax = 100, DetachedBytesPerPrincipalMax = 70 });
        SessionId[] ofAlice = [Add(directory, "alice 1", "alice"), Add(directory, "alice 2", "alice")];
        SessionId[] others = [Add(directory, "bob", "bob"), Add(directory, "carol", "carol"), Add(directory, "dave", principal: null)];

        Assert.Empty(directory.Detached(others[0], 20));
        Assert.Empty(directory.Detached(ofAlice[0], 40));
        Assert.Equal(["alice 1"], directory.Detached(ofAlice[1], 40));   // Alice's share is exceeded: her oldest goes.
        Assert.Equal(["bob"], directory.Detached(others[1], 60));  // All are: the oldest of all goes.
        Assert.Equal(["alice 2", "carol"], directory.Detached(others[2], 100));

        Assert.Equal((1, 100), (directory.DetachedCount, directory.DetachedBytes));
    }

    [Fact]
    public void What_is_sent_to_a_waiting_session_counts_and_does_not_change_its_place()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedBytesMax = 100 });
        SessionId[] ids = [Add(directory, "a", "alice"), Add(directory, "b", "bob"), Add(directory, "c", "carol")];
        directory.Detached(ids[0], 10);
        directory.Detached(ids[1], 10);

        Assert.Empty(directory.Holds(ids[0], 90));
        Assert.Empty(directory.Holds(ids[2], 1_000));              // It has its client.
        Assert.Equal(["a"], directory.Holds(ids[1], 11));

        Assert.Equal((1, 11), (directory.DetachedCount, directory.DetachedBytes));
    }

    [Fact]
    public void A_session_that_alone_is_too_much_goes_itself()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { DetachedBytesMax = 100 });
        var nothing = new SessionDirectory<string>(new DirectoryLimits { DetachedMax = 0 });
        var nobody = new SessionDirectory<string>(new DirectoryLimits { DetachedPerPrincipalMax = 0 });

        Assert.Equal(["one"], directory.Detached(Add(directory, "one", "alice"), 101));
        Assert.Equal(["one"], nothing.Detached(Add(nothing, "one", "alice"), 0));
        Assert.Equal(["one"], nobody.Detached(Add(nobody, "one", "alice"), 0));
        Assert.All((SessionDirectory<string>[])[directory, nothing, nobody], static each => Assert.Equal((0, 0), (each.DetachedCount, each.DetachedBytes)));
    }

    [Fact]
    public void What_is_told_of_an_unknown_session_changes_nothing()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits());
        SessionId id = Add(directory, "one", "alice");
        directory.Detached(id, 10);

        directory.Attached(new SessionId(99));
        directory.Remove(new SessionId(99));
        Assert.Empty(directory.Detached(new SessionId(99), 10));
        directory.Detached(id, 30);                                // Told twice, it counts once.

        Assert.Equal((1, 1, 30), (directory.Count, directory.DetachedCount, directory.DetachedBytes));
        directory.Remove(id);
        Assert.Equal((0, 0, 0), (directory.Count, directory.DetachedCount, directory.DetachedBytes));
    }

    [Theory]
    [InlineData(HelloWant.New)]
    [InlineData(HelloWant.Resume)]
    [InlineData(HelloWant.Cycle)]
    public void A_server_that_is_full_refuses_new_sessions_and_keeps_the_old(HelloWant want)
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsMax = 2, SessionsPerPrincipalMax = 2 });
        SessionId known = Add(directory, "one", "alice");
        Add(directory, "two", "bob");

        AdmissionVerdict<string> stranger = directory.Judge(HelloOf(want, want == HelloWant.New ? null : new SessionId(99)), "carol");
        AdmissionVerdict<string> owner = directory.Judge(HelloOf(HelloWant.Resume, known), "alice");

        Assert.Equal(CloseCode.Full, Assert.IsType<AdmissionVerdict<string>.Refuse>(stranger).Violation.Code);
        Assert.Equal("one", Assert.IsType<AdmissionVerdict<string>.GoOn>(owner).Session);
    }

    [Fact]
    public void A_principal_that_is_full_harms_no_other()
    {
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsPerPrincipalMax = 2 });
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
        var directory = new SessionDirectory<string>(new DirectoryLimits { SessionsMax = 1, SessionsPerPrincipalMax = 1 });
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

    [Fact]
    public void Limits_out_of_range_are_named()
    {
        var limits = new DirectoryLimits { SessionsMax = 0, SessionsPerPrincipalMax = 0, DetachedMax = -1, DetachedPerPrincipalMax = -1, DetachedBytesMax = -1, DetachedBytesPerPrincipalMax = -1 };

        Assert.Empty(new DirectoryLimits().Faults());
        Assert.Equal(6, limits.Faults().Count());
    }

    [Fact]
    public void A_session_that_is_evicted_ends_and_its_client_begins_anew()
    {
        World world = new();
        world.Server.Directory = new SessionDirectory<SessionEnd>(new DirectoryLimits { DetachedPerPrincipalMax = 1 });
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
