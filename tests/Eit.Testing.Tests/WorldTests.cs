using System.Collections.Concurrent;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

public class WorldTests
{
    [Fact]
    public async Task A_message_is_echoed_over_a_cut_and_a_resume_without_a_socket()
    {
        await using EitTestWorld world = await EitTestWorld.StartAsync(app => app.MapEit("/echo", async (session, text) => await session.SendAsync($"you said {text}")));
        await using EitConnection client = world.CreateClient("/echo");
        var heard = new ConcurrentQueue<string>();
        client.OnMessage(heard.Enqueue);
        await world.RunAsync(client.StartAsync());
        SessionId? session = client.SessionId;

        client.Send("one");
        await world.AdvanceAsync(Seconds(1));
        world.Network.Cut();
        await world.SettleAsync();
        bool isConnected = client.IsConnected;
        await world.RunAsync(client.SendAsync("two"));
        await world.AdvanceAsync(Seconds(1));

        Assert.False(isConnected);
        Assert.Equal(["you said one", "you said two"], heard);
        Assert.Equal(session, client.SessionId);
        Assert.Equal(2, client.Epoch);
    }

    [Fact]
    public async Task The_time_stands_still_until_it_is_advanced()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        await using EitConnection client = await world.StartClientAsync();

        await world.SettleAsync();
        TimeSpan before = world.Elapsed;
        await world.AdvanceAsync(Seconds(90));

        Assert.Equal(TimeSpan.Zero, before);
        Assert.Equal(Seconds(90), world.Elapsed);
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task A_handler_that_waits_for_the_worlds_time_is_at_rest()
    {
        var notebook = new Notebook();
        await using EitTestWorld world = await Worlds.StartAsync(notebook);
        notebook.Answer = async (session, text) =>
        {
            await WaitAsync(world.Services.GetRequiredService<TimeProvider>(), Seconds(10));
            session.Send($"late {text}");
        };
        await using EitConnection client = world.CreateClient("/");
        var heard = new ConcurrentQueue<TimeSpan>();
        client.OnMessage(_ => heard.Enqueue(world.Elapsed));
        await world.RunAsync(client.StartAsync());

        client.Send("a");
        await world.AdvanceAsync(Seconds(9));
        int early = heard.Count;
        await world.AdvanceAsync(Seconds(2));

        Assert.Equal(0, early);
        Assert.Equal(Seconds(10), Assert.Single(heard));
    }

    [Fact]
    public async Task The_seed_decides_when_clients_redial()
    {
        List<TimeSpan> first = await RedialsOfAsync(seed: 5);
        List<TimeSpan> again = await RedialsOfAsync(seed: 5);
        List<TimeSpan> other = await RedialsOfAsync(seed: 6);

        Assert.True(first.Count > 3);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task The_seed_decides_when_the_server_says_that_it_is_alive()
    {
        TimeSpan? first = await SilenceOfAsync(seed: 5);
        TimeSpan? again = await SilenceOfAsync(seed: 5);
        TimeSpan? other = await SilenceOfAsync(seed: 6);

        Assert.NotNull(first);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Each_client_has_the_faults_of_its_own_network()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        EitTestNetwork mobile = world.AddNetwork("mobile");
        await using EitConnection ada = await world.StartClientAsync(user: "ada");
        await using EitConnection bob = await world.StartClientAsync(user: "bob", network: mobile);

        mobile.BlackHole();
        await world.AdvanceAsync(Seconds(7));

        Assert.True(ada.IsConnected);
        Assert.False(bob.IsConnected);
        Assert.Equal(1, world.Network.TransportCount);
    }

    [Fact]
    public async Task Authorization_is_the_applications_own()
    {
        await using EitTestWorld world = await EitTestWorld.StartAsync(app => app.MapEit("/", (_, _) => default).RequireAuthorization(new AuthorizeAttribute("Captains")), new EitTestWorldOptions
        {
            Build = builder => builder.Services.AddAuthorizationBuilder().AddPolicy("Captains", policy => policy.RequireUserName("ada")),
        });

        await using EitConnection ada = await world.StartClientAsync(user: "ada");
        EitException bob = await Assert.ThrowsAsync<EitException>(() => world.StartClientAsync(user: "bob"));
        EitException nobody = await Assert.ThrowsAsync<EitException>(() => world.StartClientAsync(user: null));

        Assert.True(ada.IsConnected);
        Assert.Equal("ada", world.SessionOf(ada)?.User);
        Assert.Equal(403, bob.HttpStatus);
        Assert.Equal(401, nobody.HttpStatus);
    }

    [Fact]
    public async Task Channels_work_as_in_any_application()
    {
        await using EitTestWorld world = await EitTestWorld.StartAsync(app => app.MapEitChannels("/rooms/{id}", room =>
        {
            EitChannels channels = app.Services.GetRequiredService<EitChannels>();
            room.OnMessage((session, text) => channels.Broadcast(session.Channel, $"{session.User}: {text}"));
        }));
        var heard = new ConcurrentQueue<string>();
        await using EitConnection bob = world.CreateClient("/rooms/a", "bob");
        bob.OnMessage(heard.Enqueue);
        await world.RunAsync(bob.StartAsync());
        await using EitConnection ada = await world.StartClientAsync("/rooms/a");

        world.Network.Cut();
        await world.RunAsync(ada.SendAsync("hello"));
        await world.AdvanceAsync(Seconds(5));

        Assert.Equal(["ada: hello"], heard);
    }

    [Fact]
    public async Task A_client_that_the_application_makes_by_itself_can_be_brought_in()
    {
        var notebook = new Notebook();
        await using EitTestWorld world = await Worlds.StartAsync(notebook);
        ServiceCollection services = new();
        services.AddEitConnection(options => world.ConfigureClient(options, "/"));
        await using ServiceProvider provider = services.BuildServiceProvider();
        EitConnection client = provider.GetRequiredService<EitConnection>();

        await world.RunAsync(client.StartAsync());
        SendOutcome outcome = await world.RunAsync(client.SendAsync("hello"));

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal(["connected", "hello"], notebook.Notes);
    }

    [Fact]
    public async Task A_client_is_disposed_of_in_the_dark_without_anybody_advancing_the_time()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        EitConnection client = await world.StartClientAsync();
        world.Network.BlackHole();
        client.Send("never heard");

        await client.DisposeAsync();

        Assert.Equal(EitConnectionState.Closed, client.State);
        Assert.True(world.Elapsed >= Seconds(5), $"{world.Elapsed}");
    }

    [Fact]
    public async Task The_world_disposes_of_the_clients_that_are_left()
    {
        EitTestWorld world = await Worlds.StartAsync(new Notebook());
        EitConnection client = await world.StartClientAsync();

        await world.DisposeAsync();
        await world.DisposeAsync();

        Assert.Equal(EitConnectionState.Closed, client.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => world.AdvanceAsync(Seconds(1)));
        Assert.Throws<ObjectDisposedException>(() => world.CreateClient("/"));
    }

    [Fact]
    public async Task A_handler_that_advances_the_time_is_told_so()
    {
        var notebook = new Notebook();
        await using EitTestWorld world = await Worlds.StartAsync(notebook);
        var failure = new TaskCompletionSource<Exception?>();
        notebook.Answer = async (_, _) => failure.SetResult(await Record.ExceptionAsync(() => world.AdvanceAsync(Seconds(1))));
        await using EitConnection client = await world.StartClientAsync();

        world.Schedule(Seconds(1), () => client.Send("a"));        // So that the time is being advanced when it is handled.
        await world.AdvanceAsync(Seconds(2));

        Assert.IsType<InvalidOperationException>(await failure.Task.WaitAsync(Seconds(300)));
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_is_found_out()
    {
        using var gate = new ManualResetEventSlim();
        var notebook = new Notebook
        {
            Answer = (_, _) =>
            {
                gate.Wait(Seconds(300));
                return default;
            },
        };
        await using EitTestWorld world = await Worlds.StartAsync(notebook, busyLimit: Seconds(1));
        await using EitConnection client = await world.StartClientAsync();
        client.Send("a");

        TimeoutException failure = await Assert.ThrowsAsync<TimeoutException>(() => world.AdvanceAsync(Seconds(1)));
        gate.Set();

        Assert.Contains("the server's end of a transport of network 1 is not reading", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_never_happens_is_not_waited_for_without_end()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        await using EitConnection client = await world.StartClientAsync();

        await Assert.ThrowsAsync<TimeoutException>(() => world.RunUntilAsync(() => false, Seconds(3)));

        Assert.Equal(Seconds(3), world.Elapsed);
    }

    [Fact]
    public async Task What_a_scripted_fault_throws_comes_out_of_the_advance()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        world.Schedule(Seconds(2), static () => throw new InvalidTimeZoneException("of the script"));

        await world.AdvanceAsync(Seconds(1));
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => world.AdvanceAsync(Seconds(5)));

        Assert.Equal(Seconds(2), world.Elapsed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_timer_that_is_due_again_at_once_for_ever_is_found_out_and_called_no_more(bool isArmedInItsCall)
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        ITimer? endless = null;
        void Arm(object? unused) => endless!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        void ArmSoon(object? unused) => ThreadPool.UnsafeQueueUserWorkItem(Arm, state: null);
        endless = world.Time.CreateTimer(isArmedInItsCall ? Arm : ArmSoon, state: null, Seconds(2), Timeout.InfiniteTimeSpan);

        InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(() => world.AdvanceAsync(Seconds(5)).WaitAsync(Seconds(300)));
        TimeSpan failedAt = world.Elapsed;
        await world.AdvanceAsync(Seconds(5));

        Assert.Contains("250 times", failure.Message, StringComparison.Ordinal);
        Assert.Contains("00:00:02", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Seconds(2), failedAt);
        Assert.Equal(Seconds(7), world.Elapsed);
    }

    [Fact]
    public async Task Many_timers_of_one_moment_are_no_endless_timer()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        int calls = 0;
        for (int i = 0; i < 5_000; i++) { world.Schedule(Seconds(1), () => world.Schedule(TimeSpan.Zero, () => calls++)); }

        await world.AdvanceAsync(Seconds(1));

        Assert.Equal(5_000, calls);
    }

    [Fact]
    public async Task What_is_out_of_range_is_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => EitTestWorld.StartAsync(static _ => { }, new EitTestWorldOptions { BusyLimit = TimeSpan.Zero }));
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        await using EitTestWorld other = await Worlds.StartAsync(new Notebook());

        Assert.Throws<ArgumentException>(() => world.CreateClient("chat"));
        Assert.Throws<ArgumentException>(() => world.CreateClient("/", network: other.Network));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Network.SetLatency(Seconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Network.SetBandwidth(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Network.RefuseDials(System.Net.HttpStatusCode.OK));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Network.BlackHole((EitTestDirection)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Network.CutAfter(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Schedule(Seconds(-1), static () => { }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => world.AdvanceAsync(Seconds(-1)));
        await Assert.ThrowsAsync<InvalidOperationException>(world.StartServerAsync);
    }

    private static async Task<TimeSpan?> SilenceOfAsync(ulong seed)
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook(), seed);
        await using EitConnection client = await world.StartClientAsync();

        await world.AdvanceAsync(Seconds(31.4));
        return client.LastHeard;
    }

    private static async Task<List<TimeSpan>> RedialsOfAsync(ulong seed)
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook(), seed);
        await using EitConnection client = await world.StartClientAsync();
        var redials = new ConcurrentQueue<TimeSpan>();
        client.StateChanged += (_, change) =>
        {
            if (change.Current == EitConnectionState.Dialing) { redials.Enqueue(world.Elapsed); }
        };

        world.Network.RefuseDials();
        world.Network.Cut();
        await world.AdvanceAsync(Seconds(60));
        return [.. redials];
    }
}
