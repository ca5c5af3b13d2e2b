using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

/// <summary>1,000 bytes a second and 600 ms there and back. What is written at once arrives as a whole, as a TLS record does.</summary>
public class SlowPathTests
{
    private const int MessageBytes = 16_000;

    private readonly EitHistory _up = new("up");
    private readonly EitHistory _down = new("down");
    private readonly Notebook _notebook = new();

    [Fact]
    public async Task A_long_message_gets_through_a_slow_path_on_one_transport()
    {
        (EitTestWorld world, EitConnection client) = await StartAsync();
        await using EitTestWorld _ = world;
        await using EitConnection __ = client;

        Task<SendOutcome> up = _up.SendAsync(client, Message(1));
        Task<SendOutcome> down = _down.SendAsync(world.SessionOf(client)!, Message(1));
        SendOutcome[] outcomes = await world.RunAsync(Task.WhenAll(up, down), Seconds(60));

        Assert.Equal([SendOutcome.Processed, SendOutcome.Processed], outcomes);
        Assert.Equal(1, client.Epoch);
        Assert.InRange(world.Elapsed, Seconds(16), Seconds(25));
    }

    [Fact]
    public async Task Long_messages_make_progress_on_a_slow_path_through_cuts_and_cycles()
    {
        (EitTestWorld world, EitConnection client) = await StartAsync();
        await using EitTestWorld _ = world;
        await using EitConnection __ = client;

        const int Messages = 25;
        EitSession session = world.SessionOf(client)!;
        var outcomes = new List<Task<SendOutcome>>();
        for (int i = 1; i <= Messages; i++)
        {
            outcomes.Add(_up.SendAsync(client, Message(i), s_patient));
            outcomes.Add(_down.SendAsync(session, Message(i), s_patient));
        }
        int cycles = 0;
        for (int cuts = 1; cuts <= 20; cuts++)
        {
            await world.AdvanceAsync(Seconds(20 + (world.Random.NextDouble() * 5)));
            bool cycle = cuts % 7 == 3;
            if (cycle)
            {
                await world.RunAsync(client.WaitUntilConnectedAsync(), Seconds(60));
                await world.RunAsync(client.CycleAsync(), Seconds(60));
                cycles++;
                await world.AdvanceAsync(Seconds(20));
            }
            world.Network.Cut(cuts % 2 == 0 ? EitTestCut.Reset : EitTestCut.Close);
        }
        SendOutcome[] became = await world.RunAsync(Task.WhenAll(outcomes), TimeSpan.FromMinutes(30));

        _up.Check();
        _down.Check();
        Assert.All(became, static outcome => Assert.Equal(SendOutcome.Processed, outcome));
        Assert.Equal(3, cycles);
        Assert.Equal(Messages, _up.HandledMessages.Count);
        Assert.Equal(Messages, _down.HandledMessages.Count);
        Assert.InRange(world.Elapsed, Seconds(400), Seconds(1_000));
    }

    [Fact]
    public async Task What_is_urgent_passes_a_long_transfer_on_a_slow_path()
    {
        (EitTestWorld world, EitConnection client) = await StartAsync();
        await using EitTestWorld _ = world;
        await using EitConnection __ = client;

        var behind = new List<Task<SendOutcome>>();
        for (int i = 1; i <= 10; i++) { behind.Add(_up.SendAsync(client, Message(i), s_patient)); }
        await world.AdvanceAsync(Seconds(100));                    // The path is known by now.
        TimeSpan before = world.Elapsed;
        SendOutcome outcome = await world.RunAsync(_up.SendAsync(client, "urgent", new SendOptions { Lane = Eit.Protocol.Wire.Lane.Critical }), Seconds(60));

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.InRange(world.Elapsed - before, TimeSpan.Zero, Seconds(8));
        Assert.Equal(1, client.Epoch);
    }

    private static readonly SendOptions s_patient = new() { AcceptWithin = Timeout.InfiniteTimeSpan, Stays = true };

    private static string Message(int number) => number.ToString("D5", CultureInfo.InvariantCulture) + new string('x', MessageBytes - 5);

    private async Task<(EitTestWorld World, EitConnection Client)> StartAsync()
    {
        _notebook.Answer = (session, message) =>
        {
            _up.Handled(message, session.Id);
            return default;
        };
        EitTestWorld world = await Worlds.StartAsync(_notebook);
        EitConnection client = world.CreateClient("/");
        client.OnMessage(message => _down.Handled(message));
        world.Network.SetLatency(Seconds(0.3));
        world.Network.SetBandwidth(1_000);
        await world.RunAsync(client.StartAsync(), Seconds(60));
        return (world, client);
    }
}
