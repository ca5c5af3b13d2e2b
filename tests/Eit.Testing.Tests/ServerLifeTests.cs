using System.Collections.Concurrent;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Testing.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

public class ServerLifeTests
{
    private readonly Notebook _notebook = new();
    private readonly ConcurrentQueue<EitSessionEnded> _ends = new();

    [Fact]
    public async Task A_server_that_is_being_started_is_not_started_once_more()
    {
        int starts = 0;
        var mapping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gate = new ManualResetEventSlim();
        await using EitTestWorld world = await EitTestWorld.StartAsync(app =>
        {
            if (++starts == 1) { return; }
            mapping.TrySetResult();
            gate.Wait();
        });
        world.KillServer();

        Task starting = Task.Run(world.StartServerAsync);
        await mapping.Task.WaitAsync(Seconds(300));
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(world.StartServerAsync);
        gate.Set();
        await starting.WaitAsync(Seconds(300));

        Assert.Contains("is being started", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, starts);
    }

    [Fact]
    public async Task A_session_that_the_server_has_lost_ends_at_both_ends_and_the_client_begins_another()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);
        SessionId? before = client.SessionId;
        world.Network.BlackHole(EitTestDirection.Up);
        Assert.True(client.Send("on its way", out long id));
        await world.SettleAsync();

        world.LoseSession(client);
        world.Network.EndBlackHole();
        await world.AdvanceAsync(Seconds(10));

        EitSessionEnded end = Assert.Single(_ends);
        Assert.Equal(before, end.SessionId);
        Assert.Equal([new MessageOutcome(id, SendOutcome.Unknown, Token: null)], end.Unfinished);
        Assert.NotEqual(before, client.SessionId);
        Assert.Contains("closed SessionLost", _notebook.Notes);
        Assert.DoesNotContain("on its way", _notebook.Notes);
    }

    [Fact]
    public async Task A_session_that_nobody_has_can_not_be_lost()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = world.CreateClient("/");

        Assert.Throws<InvalidOperationException>(() => world.LoseSession(client));
    }

    [Fact]
    public async Task A_server_that_was_killed_says_nothing_more_and_knows_nobody_when_it_is_back()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);

        world.KillServer();
        await world.AdvanceAsync(Seconds(200));
        string[] whileDead = [.. _notebook.Notes];
        bool isConnected = client.IsConnected;
        await world.StartServerAsync();
        await world.RunAsync(client.WaitUntilConnectedAsync());
        SendOutcome outcome = await world.RunAsync(client.SendAsync("again"));

        Assert.False(isConnected);
        Assert.Equal(["connected"], whileDead);
        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal(["connected", "connected", "again"], _notebook.Notes);
        Assert.Single(_ends);
    }

    [Fact]
    public async Task A_handler_that_waits_when_its_server_is_killed_is_not_resumed()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        _notebook.Answer = async (_, text) =>
        {
            await WaitAsync(world.Services.GetRequiredService<TimeProvider>(), Seconds(5));
            _notebook.Notes.Enqueue($"late {text}");
        };
        await using EitConnection client = await StartAsync(world);
        client.Send("a");
        await world.AdvanceAsync(Seconds(1));

        world.KillServer();
        await CollectAsync(world);
        await world.AdvanceAsync(Seconds(60));

        Assert.Equal(["connected", "a"], _notebook.Notes);
    }

    [Fact]
    public async Task A_handler_that_begins_to_wait_when_its_server_was_killed_is_not_resumed()
    {
        var gate = new TaskCompletionSource();
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        TimeProvider time = world.Services.GetRequiredService<TimeProvider>();
        _notebook.Answer = async (_, text) =>
        {
            await gate.Task;
            await WaitAsync(time, Seconds(5));
            _notebook.Notes.Enqueue($"late {text}");
        };
        await using EitConnection client = await StartAsync(world);
        client.Send("a");
        await world.SettleAsync();

        world.KillServer();
        gate.SetResult();
        await CollectAsync(world);
        await world.AdvanceAsync(Seconds(60));

        Assert.Equal(["connected", "a"], _notebook.Notes);
    }

    [Fact]
    public async Task A_handler_that_goes_on_after_its_server_was_killed_is_the_last_one()
    {
        var gate = new TaskCompletionSource();
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        _notebook.Answer = async (session, text) =>
        {
            if (text != "20") { return; }
            await gate.Task;
            _notebook.Notes.Enqueue($"answered {session.Send("too late")}");
        };
        await using EitConnection client = await StartAsync(world);
        string[] messages = [.. Enumerable.Range(1, 100).Select(i => $"{i}")];
        foreach (string message in messages) { client.Send(message); }
        await world.SettleAsync();

        world.KillServer();
        gate.SetResult();
        await world.AdvanceAsync(Seconds(200));

        Assert.Equal(["connected", .. messages.Take(20), "answered True"], _notebook.Notes);
    }

    [Fact]
    public async Task A_write_that_waits_when_its_server_is_killed_neither_ends_nor_fails()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);
        world.Network.BlackHole(EitTestDirection.Down);
        for (int i = 0; i < 10; i++) { Assert.True(world.SessionOf(client)!.Send(new string('x', 50_000))); }
        await world.SettleAsync();

        world.KillServer();
        await world.AdvanceAsync(Seconds(200));

        Assert.Equal(["connected"], _notebook.Notes);
    }

    [Fact]
    public async Task A_server_that_was_killed_takes_no_request()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        MemoryServer server = world.Server!;
        var client = new ClientEnd(world.Network, "ada");

        world.KillServer();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"wss://{EitTestWorld.Host}/");
        IOException failure = Assert.Throws<IOException>(() => server.Serve(request, new MemoryConnection(world.Network, client)));

        Assert.Equal("The server has gone.", failure.Message);
    }

    [Fact]
    public async Task A_server_that_stops_lets_its_open_requests_end()
    {
        await using EitTestWorld world = await StartWithMiddlewareAsync(after: context => WaitAsync(context.RequestServices.GetRequiredService<TimeProvider>(), Seconds(7)));
        await using EitConnection client = await StartAsync(world);

        await world.StopServerAsync();

        Assert.Equal("request ended", _notebook.Notes.Last());
        Assert.InRange(world.Elapsed, Seconds(7), Seconds(20));
    }

    [Fact]
    public async Task A_server_that_stops_aborts_what_is_open_when_the_time_of_its_host_is_up()
    {
        await using EitTestWorld world = await StartWithMiddlewareAsync(after: async context =>
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new TaskCompletionSource().Task.WaitAsync(context.RequestAborted));
            _notebook.Notes.Enqueue("aborted");
        });
        await using EitConnection client = await StartAsync(world);

        await world.StopServerAsync();

        Assert.Equal(["aborted", "request ended"], _notebook.Notes.TakeLast(2));
        Assert.Equal(Seconds(12), world.Elapsed);
    }

    [Fact]
    public async Task A_server_that_is_killed_while_it_stops_has_stopped()
    {
        await using EitTestWorld world = await StartWithMiddlewareAsync(after: _ => new TaskCompletionSource().Task);
        await using EitConnection client = await StartAsync(world);

        world.Schedule(Seconds(6), world.KillServer);
        await world.StopServerAsync();
        TimeSpan stoppedAt = world.Elapsed;
        await world.StartServerAsync();
        await world.RunAsync(client.WaitUntilConnectedAsync());

        Assert.Equal(Seconds(6), stoppedAt);
    }

    [Fact]
    public async Task Without_a_server_nobody_is_looked_for_in_it()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);

        world.KillServer();

        Assert.All(
            [() => world.SessionOf(client), () => world.Sessions, () => world.Services, () => { world.LoseSession(client); return null; }],
            (Func<object?> act) => Assert.Contains("StartServerAsync", Assert.Throws<InvalidOperationException>(act).Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_stops_closes_its_sessions_after_what_was_sent()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);
        client.Send("last");

        await world.StopServerAsync();

        Assert.Equal(["connected", "last"], _notebook.Notes.Take(2));
        Assert.StartsWith("closed", _notebook.Notes.Last(), StringComparison.Ordinal);
        Assert.Empty(Assert.Single(_ends).Unfinished);
        Assert.Throws<InvalidOperationException>(() => world.Sessions);
        Assert.Throws<InvalidOperationException>(world.KillServer);
    }

    [Fact]
    public async Task A_deployment_loses_nothing()
    {
        var history = new EitHistory("to the server");
        _notebook.Answer = (session, text) =>
        {
            history.Handled(text, session.Id);
            return default;
        };
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);
        history.Watch(client);
        world.Network.SetLatency(Seconds(0.02));
        List<Task<SendOutcome>> sends = [];
        for (int i = 0; i < 100; i++)
        {
            int number = i;
            world.Schedule(Seconds(0.3 * i), () => sends.Add(history.SendAsync(client, $"{number}")));
        }

        await world.AdvanceAsync(Seconds(3));
        await world.ReplaceServerAsync();
        await world.AdvanceAsync(Seconds(60));
        SendOutcome[] outcomes = await world.RunAsync(Task.WhenAll(sends));

        history.Check();
        Assert.Equal(100, outcomes.Length);
        Assert.All(outcomes, outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(2, _notebook.Notes.Count(note => note == "connected"));
    }

    [Fact]
    public async Task A_cycle_that_the_server_asks_for_is_invisible()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await StartAsync(world);
        var states = new ConcurrentQueue<EitConnectionState>();
        client.StateChanged += (_, change) => states.Enqueue(change.Current);

        world.SessionOf(client)!.RequestCycle(Seconds(2));
        await world.AdvanceAsync(Seconds(5));

        Assert.Equal(2, client.Epoch);
        Assert.Empty(states);
        Assert.Equal(["connected"], _notebook.Notes);
    }

    /// <summary>Lets finalizers run, which end the waits of those who wait for a timer that nobody has any more.</summary>
    private static async Task CollectAsync(EitTestWorld world)
    {
        await world.SettleAsync();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await world.SettleAsync();
    }

    /// <summary>A world whose requests are not over when their transports are.</summary>
    private Task<EitTestWorld> StartWithMiddlewareAsync(Func<HttpContext, Task> after)
    {
        void Map(WebApplication app)
        {
            app.Use(async (context, next) =>
            {
                await next();
                await after(context);
                _notebook.Notes.Enqueue("request ended");
            });
            app.MapEit<Notebook>("/");
        }

        return EitTestWorld.StartAsync(Map, new EitTestWorldOptions
        {
            Build = builder =>
            {
                builder.Services.AddSingleton(_notebook);
                builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = Seconds(12));
            },
        });
    }

    private async Task<EitConnection> StartAsync(EitTestWorld world)
    {
        EitConnection client = world.CreateClient("/");
        client.SessionEnded += (_, end) => _ends.Enqueue(end);
        await world.RunAsync(client.StartAsync());
        return client;
    }
}
