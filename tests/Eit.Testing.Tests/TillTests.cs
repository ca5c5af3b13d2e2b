using System.Collections.Concurrent;
using System.Globalization;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Testing.Tests;

/// <summary>The example of docs/TESTING.md, which quotes it.</summary>
public class TillTests
{
    private readonly Till _till = new();

    [Fact]
    public async Task No_amount_is_lost_or_booked_twice_when_the_network_breaks()
    {
        await using EitTestWorld world = await StartAsync();
        await using EitConnection client = world.CreateClient("/till", user: "ada");
        var totals = new ConcurrentQueue<string>();
        client.OnMessage(totals.Enqueue);
        await world.RunAsync(client.StartAsync());

        client.Send("10");
        world.Network.Cut();                                        // Nobody knows whether it has arrived.
        await world.RunAsync(client.SendAsync("5"));                // Redials, resumes, sends again what has to be.
        await world.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(["total 10", "total 15"], totals);
    }

    [Fact]
    public async Task A_silent_network_is_noticed_and_the_amount_is_booked_when_it_is_back()
    {
        await using EitTestWorld world = await StartAsync();
        await using EitConnection client = world.CreateClient("/till", user: "ada");
        await world.RunAsync(client.StartAsync());

        world.Network.BlackHole();
        world.Schedule(TimeSpan.FromMinutes(1), () => world.Network.EndBlackHole());
        Task<SendOutcome> sending = client.SendAsync("10").AsTask();
        await world.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.False(client.IsConnected);

        Assert.Equal(SendOutcome.Processed, await world.RunAsync(sending));
        Assert.Equal(10, _till.Total);
    }

    [Fact]
    public async Task An_amount_of_which_nobody_knows_is_told_as_unknown()
    {
        await using EitTestWorld world = await StartAsync();
        await using EitConnection client = world.CreateClient("/till", user: "ada");
        await world.RunAsync(client.StartAsync());

        world.Network.BlackHole(EitTestDirection.Down);             // It arrives; the acknowledgement does not.
        Task<SendOutcome> sending = client.SendAsync("10").AsTask();
        await world.SettleAsync();
        world.KillServer();
        world.Network.EndBlackHole();
        await world.StartServerAsync();

        Assert.Equal(SendOutcome.Unknown, await world.RunAsync(sending));
        Assert.Equal(10, _till.Total);                              // A client that sent it again would pay twice.
    }

    [Fact]
    public async Task Whatever_the_network_does_the_till_is_right()
    {
        var history = new EitHistory("to the till");
        _till.Booking = (session, amount) => history.Handled(amount, session.Id);
        await using EitTestWorld world = await StartAsync(seed: 42);
        await using EitConnection client = world.CreateClient("/till", user: "ada");
        history.Watch(client);
        await world.RunAsync(client.StartAsync());

        for (int amount = 1; amount <= 100; amount++)
        {
            history.Send(client, amount.ToString(CultureInfo.InvariantCulture));
            if (world.Random.Next(10) == 0) { world.Network.Cut(); }
            await world.AdvanceAsync(TimeSpan.FromMilliseconds(world.Random.Next(500)));
        }
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));

        history.Check();                                            // Lost, twice, out of order, an untrue outcome: it says which.
        Assert.InRange(history.HandledMessages.Count, 30, 100);     // The others were refused at once, while there was no connection.
        Assert.Equal(history.HandledMessages.Sum(int.Parse), _till.Total);
    }

    private Task<EitTestWorld> StartAsync(ulong seed = 1) => EitTestWorld.StartAsync(
        app => app.MapEit<Till>("/till").RequireAuthorization(),
        new EitTestWorldOptions { Seed = seed, Build = builder => builder.Services.AddSingleton(_till) });
}

internal sealed class Till : EitHandler
{
    public int Total { get; private set; }

    public Action<EitSession, string> Booking { get; set; } = static (_, _) => { };

    public override ValueTask OnMessageAsync(EitSession session, string message)
    {
        Booking(session, message);
        Total += int.Parse(message, CultureInfo.InvariantCulture);
        session.Send($"total {Total}");
        return default;
    }
}
