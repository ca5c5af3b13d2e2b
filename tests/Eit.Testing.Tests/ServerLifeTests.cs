using System.Collections.Concurrent;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.DependencyInjection;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

public class ServerLifeTests
{
    private readonly Notebook _notebook = new();
    private readonly ConcurrentQueue<EitSessionEnded> _ends = new();

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
        await world.AdvanceAsync(Seconds(60));

        Assert.Equal(["connected", "a"], _notebook.Notes);
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

    private async Task<EitConnection> StartAsync(EitTestWorld world)
    {
        EitConnection client = world.CreateClient("/");
        client.SessionEnded += (_, end) => _ends.Enqueue(end);
        await world.RunAsync(client.StartAsync());
        return client;
    }
}
