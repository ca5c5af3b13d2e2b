using System.Collections.Concurrent;
using System.Net;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

public class NetworkTests
{
    private readonly Notebook _notebook = new();

    [Theory]
    [InlineData(EitTestCut.Reset)]
    [InlineData(EitTestCut.Close)]
    public async Task A_cut_is_an_outage_and_a_resume(EitTestCut way)
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await world.StartClientAsync();

        world.Network.Cut(way);
        await world.AdvanceAsync(Seconds(5));
        SendOutcome outcome = await world.RunAsync(client.SendAsync("after"));

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal(["connected", "outage", "resumed", "after"], _notebook.Notes);
    }

    [Fact]
    public async Task A_message_that_is_cut_anywhere_arrives_once()
    {
        for (int bytes = 0; bytes < 80; bytes += 9)
        {
            var notebook = new Notebook();
            await using EitTestWorld world = await Worlds.StartAsync(notebook);
            await using EitConnection client = await world.StartClientAsync();

            world.Network.CutAfter(bytes);
            SendOutcome outcome = await world.RunAsync(client.SendAsync("a message of some length, so that it can be cut"));
            await world.AdvanceAsync(Seconds(10));

            Assert.Equal(SendOutcome.Processed, outcome);
            Assert.Single(notebook.Notes, note => note.StartsWith("a message", StringComparison.Ordinal));
            Assert.Equal(2, client.Epoch);
        }
    }

    [Theory]
    [InlineData(EitTestDirection.Both)]
    [InlineData(EitTestDirection.Up)]
    [InlineData(EitTestDirection.Down)]
    public async Task A_black_hole_is_found_out_by_silence_and_what_was_sent_into_it_arrives_once(EitTestDirection direction)
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await world.StartClientAsync();
        var states = new ConcurrentQueue<(EitConnectionState State, TimeSpan At)>();
        client.StateChanged += (_, change) => states.Enqueue((change.Current, world.Elapsed));

        world.Network.BlackHole(direction);
        Task<SendOutcome> sending = client.SendAsync("into the dark").AsTask();
        await world.AdvanceAsync(Seconds(20));
        bool isConnected = client.IsConnected;
        world.Network.EndBlackHole(direction);
        SendOutcome outcome = await world.RunAsync(sending);
        await world.AdvanceAsync(Seconds(30));

        Assert.False(isConnected);
        Assert.InRange(states.First().At, Seconds(4), Seconds(8));
        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Single(_notebook.Notes, "into the dark");
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task Dials_are_refused_for_a_time()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await world.StartClientAsync();

        world.Network.RefuseDials();
        world.Schedule(Seconds(40), world.Network.AcceptDials);
        world.Network.Cut();
        await world.AdvanceAsync(Seconds(39));
        bool isConnected = client.IsConnected;
        await world.RunAsync(client.WaitUntilConnectedAsync());

        Assert.False(isConnected);
        Assert.InRange(world.Elapsed, Seconds(40), Seconds(75));
        Assert.Equal(["connected", "outage", "resumed"], _notebook.Notes);
    }

    [Fact]
    public async Task A_gateway_answers_dials_in_the_place_of_the_server()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await world.StartClientAsync();
        var statuses = new ConcurrentQueue<int?>();
        client.StateChanged += (_, change) => statuses.Enqueue(change.HttpStatus);

        world.Network.RefuseDials(HttpStatusCode.BadGateway);
        world.Network.Cut();
        await world.AdvanceAsync(Seconds(30));

        Assert.False(client.IsConnected);
        Assert.Contains(502, statuses);
    }

    [Fact]
    public async Task Latency_is_that_of_every_way_and_of_the_dial()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        world.Network.SetLatency(Seconds(0.1), direction: EitTestDirection.Up);
        world.Network.SetLatency(Seconds(0.3), direction: EitTestDirection.Down);

        await using EitConnection client = await world.StartClientAsync();
        TimeSpan connectedAt = world.Elapsed;
        TimeSpan? roundTrip = client.RoundTripTime;
        await world.RunAsync(client.SendAsync("there and back"));

        Assert.Equal(Seconds(1.2), connectedAt);                   // TCP, TLS, the upgrade: three times there and back.
        Assert.Equal(Seconds(0.4), roundTrip);
        Assert.Equal(Seconds(1.6), world.Elapsed);
    }

    [Fact]
    public async Task Jitter_comes_from_the_seed_and_keeps_the_order()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await world.StartClientAsync();
        world.Network.SetLatency(Seconds(0.01), jitter: Seconds(0.5));

        for (int i = 0; i < 20; i++)
        {
            client.Send($"{i}");
            await world.AdvanceAsync(Seconds(0.02));
        }
        await world.AdvanceAsync(Seconds(3));

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), _notebook.Notes.Skip(1));
    }

    [Fact]
    public async Task A_narrow_line_takes_its_time()
    {
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = await world.StartClientAsync();

        world.Network.SetBandwidth(10_000, EitTestDirection.Up);
        await world.RunAsync(client.SendAsync(new string('x', 50_000)));

        Assert.InRange(world.Elapsed, Seconds(5), Seconds(6));
        Assert.Equal(1, client.Epoch);
    }

    [Fact]
    public async Task A_client_whose_handler_does_not_take_is_a_slow_consumer_and_its_session_lives()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EitTestWorld world = await Worlds.StartAsync(_notebook);
        await using EitConnection client = world.CreateClient("/");
        int heard = 0;
        client.OnMessage(async _ =>
        {
            heard++;
            await gate.Task;
        });
        await world.RunAsync(client.StartAsync());

        for (int i = 0; i < 3_000; i++) { Assert.True(world.SessionOf(client)!.Send($"{i}")); }
        await world.AdvanceAsync(Seconds(15));
        int early = heard;
        gate.SetResult();
        await world.AdvanceAsync(Seconds(5));

        Assert.Equal(1, early);
        Assert.Equal(["connected", "slow"], _notebook.Notes);
        Assert.Equal(3_000, heard);
        Assert.Equal(1, client.Epoch);
    }
}
