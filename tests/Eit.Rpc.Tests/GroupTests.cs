using Eit.Connection;
using Eit.Protocol.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Rpc.Tests;

public sealed class GroupTests
{
    [Fact, Clause("G1.1")]
    public async Task What_is_sent_to_a_group_reaches_its_members_alone_with_serial_numbers_that_rise_by_one()
    {
        await using RpcHost host = await HostAsync();
        RpcSessions sessions = SessionsOf(host);
        var adas = new Happenings<string>();
        var bobs = new Happenings<string>();
        await using EitConnection ada = (await FollowerAsync(host, "ada", adas)).Connection;
        RpcConnection bob = await host.ConnectAsync(user: "bob", prepare: client => Listen(client, bobs));
        await using EitConnection ofBob = bob.Connection;
        await bob.CallAsync("ping").Soon();
        await adas.UntilAsync(static what => what == "joined MustReload 0");

        RpcPosition first = sessions.Group("numbers").Dispatch(1);
        RpcPosition second = sessions.Group("numbers").Dispatch(2);
        RpcPosition other = sessions.Group("others").Dispatch(3);
        Assert.Empty(sessions.Group("numbers").Emit("event", "of the group"));
        Assert.Empty(sessions.Emit("event", "of all"));
        Assert.Empty(sessions.Dispatch(4));
        await adas.UntilAsync(static what => what == "4 at ");
        await bobs.UntilAsync(static what => what == "4 at ");

        Assert.Equal(["joined MustReload 0", "1 at numbers 1", "2 at numbers 2", "event of the group", "event of all", "4 at "], adas.All);
        Assert.Equal(["event of all", "4 at "], bobs.All);
        Assert.Equal((1, 2, 1), (first.Serial, second.Serial, other.Serial));
        Assert.Equal(second, sessions.Group("numbers").Position);
        Assert.Equal(["ada"], sessions.Group("numbers").Members.Select(static member => member.Session.Principal.Claims.First().Value));
        Assert.Equal(2, sessions.List().Count);
    }

    [Fact, Clause("G1.2")]
    public async Task A_client_that_comes_back_with_a_new_session_gets_what_it_has_missed_once_and_in_order()
    {
        const int actions = 300;
        await using RpcHost host = await HostAsync();
        RpcSessions sessions = SessionsOf(host);
        var heard = new Happenings<string>();
        await using EitConnection connection = (await FollowerAsync(host, "ada", heard)).Connection;
        var known = new HashSet<SessionId>();
        int lost = 0;
        await heard.UntilAsync(static what => what.StartsWith("joined", StringComparison.Ordinal));

        for (int number = 1; number <= actions; number++)
        {
            sessions.Group("numbers").Dispatch(number);
            if (number % 50 != 25) { continue; }
            if (lost > 0) { await heard.UntilAsync(static what => what.StartsWith("joined", StringComparison.Ordinal)); }
            await Waits.UntilAsync(() => sessions.List().Count == 1);   // The one before is taken off the list a moment after its end.
            RpcSession session = Assert.Single(sessions.List());
            known.Add(session.Session.Id);
            session.Session.Abort(CloseCode.SessionLost, "A test.");
            await session.Session.Ended.Soon();
            lost++;
        }
        await heard.UntilAsync(static what => what == $"{actions} at numbers {actions}");

        Assert.Equal((actions / 50, actions / 50), (lost, known.Count));
        Assert.Equal(Enumerable.Range(1, actions).Select(static number => $"{number} at numbers {number}"), heard.All.Where(static what => !what.StartsWith("joined", StringComparison.Ordinal)));
        Assert.All(heard.All.Where(static what => what.StartsWith("joined", StringComparison.Ordinal)).Skip(1), static joined => Assert.StartsWith("joined CaughtUp", joined, StringComparison.Ordinal));
    }

    [Fact, Clause("G1.3")]
    public async Task A_client_whose_place_the_log_does_not_know_is_told_to_reload_and_gets_only_what_follows()
    {
        await using RpcHost host = await HostAsync(new RpcSessionsOptions { Json = TestJson.Default, LogActionsMax = 3 });
        RpcSessions sessions = SessionsOf(host);
        var heard = new Happenings<string>();
        RpcConnection client = await host.ConnectAsync(prepare: made => Listen(made, heard));
        await using EitConnection connection = client.Connection;
        for (int number = 1; number <= 10; number++) { sessions.Group("numbers").Dispatch(number); }
        RpcPosition now = sessions.Group("numbers").Position;

        RpcJoinOutcome[] outcomes =
        [
            await JoinAsync(after: null),
            await JoinAsync(now with { Serial = 6 }),
            await JoinAsync(now with { Log = "of another life" }),
            await JoinAsync(now with { Group = "another" }),
            await JoinAsync(now with { Serial = 11 }),
            await JoinAsync(now with { Serial = -1 }),
            await JoinAsync(now with { Serial = 8 }),
        ];
        sessions.Group("numbers").Dispatch(11);
        await heard.UntilAsync(static what => what == "11 at numbers 11");

        Assert.Equal([.. Enumerable.Repeat(RpcJoinOutcome.MustReload, 6), RpcJoinOutcome.CaughtUp], outcomes);
        Assert.Equal(["9 at numbers 9", "10 at numbers 10", "11 at numbers 11"], heard.All);

        async Task<RpcJoinOutcome> JoinAsync(RpcPosition? after)
        {
            await client.CallAsync("leave").Soon();
            RpcJoined joined = await client.CallAsync<RpcJoined>("follow", after).Soon();
            Assert.Equal(now, joined.Position);
            return joined.Outcome;
        }
    }

    [Fact]
    public async Task The_state_of_a_group_is_dispatched_in_the_place_of_what_was_forgotten_before_what_follows()
    {
        await using RpcHost host = await HostAsync(new RpcSessionsOptions { Json = TestJson.Default, LogActionsMax = 0 }, follow: (sessions, session, after) =>
        {
            RpcJoined joined = sessions.Group("numbers").Join(session, after);
            if (joined.Outcome == RpcJoinOutcome.MustReload) { session.Dispatch(1000 + joined.Position.Serial, joined.Position); }
            return joined;
        });
        RpcSessions sessions = SessionsOf(host);
        sessions.Group("numbers").Dispatch(1);
        sessions.Group("numbers").Dispatch(2);
        var heard = new Happenings<string>();
        await using EitConnection connection = (await FollowerAsync(host, "ada", heard)).Connection;
        await heard.UntilAsync(static what => what.StartsWith("joined", StringComparison.Ordinal));

        sessions.Group("numbers").Dispatch(3);
        await heard.UntilAsync(static what => what.StartsWith("3 at", StringComparison.Ordinal));
        await AbortAllAsync(sessions);                              // It has seen the last one: nothing is missing.
        await heard.UntilAsync(static what => what.StartsWith("joined", StringComparison.Ordinal));

        Assert.Equal(["joined MustReload 2", "1002 at numbers 2", "3 at numbers 3", "joined CaughtUp 3"], heard.All);
    }

    [Fact, Clause("G1.4")]
    public async Task A_member_for_which_too_many_actions_wait_loses_its_session_and_catches_up_in_the_next()
    {
        await using RpcHost host = await HostAsync(configure: static options => options.EventsWaitingMax = 30);
        RpcSessions sessions = SessionsOf(host);
        var heard = new Happenings<string>();
        var ends = new Happenings<CloseCode>();
        TaskCompletionSource goOn = Patience.NewSource();
        RpcConnection client = await FollowerAsync(host, "ada", heard, goOn.Task);
        await using EitConnection connection = client.Connection;
        connection.SessionEnded += (_, ended) => ends.Add(ended.Code);
        await heard.UntilAsync(static what => what.StartsWith("joined", StringComparison.Ordinal));

        int dispatched = 0;
        while (sessions.Group("numbers").Members.Count > 0 && dispatched < 10_000) { sessions.Group("numbers").Dispatch(++dispatched); }
        CloseCode code = await ends.NextAsync();
        goOn.SetResult();
        await heard.UntilAsync(what => what == $"{dispatched} at numbers {dispatched}");

        Assert.Equal(CloseCode.TooSlow, code);
        Assert.Equal(RpcPeer.EventsAtFirst + 30 + 1, dispatched);
        Assert.Equal(Enumerable.Range(1, dispatched).Select(static number => $"{number} at numbers {number}"), heard.All.Where(static what => !what.StartsWith("joined", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_session_that_is_over_is_in_no_group_and_a_group_without_members_is_forgotten_for_another()
    {
        await using RpcHost host = await HostAsync(new RpcSessionsOptions { Json = TestJson.Default, GroupsMax = 2 });
        RpcSessions sessions = SessionsOf(host);
        var heard = new Happenings<string>();
        await using (EitConnection connection = (await FollowerAsync(host, "ada", heard)).Connection)
        {
            await heard.NextAsync();
            RpcPosition kept = sessions.Group("numbers").Position;
            RpcPosition first = sessions.Group("a").Dispatch(1);
            RpcPosition second = sessions.Group("b").Dispatch(1);        // In the place of a.
            RpcPosition again = sessions.Group("a").Dispatch(1);         // In the place of b, with another log.
            RpcSession session = Assert.Single(sessions.List());
            sessions.Group("a").Join(session);

            Assert.Equal((1, 1, 1), (first.Serial, second.Serial, again.Serial));
            Assert.NotEqual(first.Log, again.Log);
            Assert.Equal(kept, sessions.Group("numbers").Position);
            Assert.Contains("GroupsMax", Assert.Throws<InvalidOperationException>(() => sessions.Group("b").Dispatch(1)).Message, StringComparison.Ordinal);
            Assert.True(sessions.Group("a").Leave(session));
            Assert.False(sessions.Group("a").Leave(session));
            sessions.Group("a").Join(session);
            connection.InitiateClose();
            await session.Session.Ended.Soon();
            await Waits.UntilAsync(() => sessions.List().Count == 0);
            await Waits.UntilAsync(() => sessions.Group("a").Members.Count + sessions.Group("numbers").Members.Count == 0);
            sessions.Group("a").Join(session);

            Assert.Empty(sessions.Group("a").Members);
        }

        Assert.Throws<ArgumentException>(() => sessions.Group("b").Dispatch(new string('x', 600_000)));
        Assert.Throws<ArgumentException>(() => sessions.Emit("event", new string('x', 600_000)));
        Assert.Throws<InvalidOperationException>(() => sessions.Group("b").Join(new RpcSession()));
    }

    private static RpcSessions SessionsOf(RpcHost host) => host.Host.Services.GetRequiredService<RpcSessions>();

    private static Task<RpcHost> HostAsync(RpcSessionsOptions? groups = null, Func<RpcSessions, RpcSession, RpcPosition?, RpcJoined>? follow = null, Action<RpcOptions>? configure = null)
    {
        follow ??= static (sessions, session, after) => sessions.Group("numbers").Join(session, after);
        return RpcHost.StartAsync(
            context =>
            {
                RpcSessions sessions = context.RequestServices.GetRequiredService<RpcSessions>();
                var session = new RpcSession();
                session.Api = new RpcApi()
                    .Add("ping", static _ => default)
                    .Add("follow", call =>
                    {
                        call.Return(follow(sessions, session, call.Argument<RpcPosition?>(0)));
                        return default;
                    })
                    .Add("leave", _ =>
                    {
                        sessions.Group("numbers").Leave(session);
                        return default;
                    });
                return session;
            },
            configure,
            groups: groups);
    }

    /// <summary>A client that is in the group, and says so at the beginning of each session.</summary>
    private static Task<RpcConnection> FollowerAsync(RpcHost host, string user, Happenings<string> heard, Task? goOn = null)
    {
        RpcPosition? last = null;
        return host.ConnectAsync(user: user, prepare: client =>
        {
            client.OnSession(async () =>
            {
                RpcJoined joined = await client.CallAsync<RpcJoined>("follow", last);
                heard.Add($"joined {joined.Outcome} {joined.Position.Serial}");
            });
            client.On<string>("event", text => heard.Add($"event {text}"));
            client.OnDispatch<int>(async (number, position) =>
            {
                if (goOn is not null) { await goOn; }
                last = position ?? last;
                heard.Add(position is null ? $"{number} at " : $"{number} at {position.Group} {position.Serial}");
            });
        });
    }

    private static void Listen(RpcConnection client, Happenings<string> heard)
    {
        client.On<string>("event", text => heard.Add($"event {text}"));
        client.OnDispatch<int>((number, position) =>
        {
            heard.Add(position is null ? $"{number} at " : $"{number} at {position.Group} {position.Serial}");
            return default;
        });
    }

    private static async Task AbortAllAsync(RpcSessions sessions)
    {
        foreach (RpcSession session in sessions.List())
        {
            session.Session.Abort(CloseCode.SessionLost, "A test.");
            await session.Session.Ended.Soon();
        }
    }
}
