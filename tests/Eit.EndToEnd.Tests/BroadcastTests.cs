using System.Text;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.EndToEnd.Tests;

public sealed class BroadcastTests
{
    [Fact]
    public async Task Everybody_gets_a_broadcast_once_and_in_its_place_who_was_away_included()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection stays = host.Client();
        await using EitConnection leaves = host.Client(port: relay.Port);
        Happenings<string> atStays = Listen(stays);
        Happenings<string> atLeaves = Listen(leaves);
        await stays.StartAsync().Soon();
        await leaves.StartAsync().Soon();
        await recorder.Sessions.NextAsync();
        await recorder.Sessions.NextAsync();

        BroadcastResult first = host.Sessions.Broadcast("dé 1");
        await atLeaves.UntilAsync(text => text == "dé 1");
        relay.Refuses = true;
        relay.CutAll();
        await recorder.Calls.UntilAsync(call => call.StartsWith("outage", StringComparison.Ordinal));
        BroadcastResult second = host.Sessions.Broadcast("2");
        BroadcastResult third = host.Sessions.Broadcast("bytes"u8.ToArray());
        relay.Refuses = false;
        await atLeaves.UntilAsync(text => text == "5 bytes");
        await atStays.UntilAsync(text => text == "5 bytes");

        Assert.Equal((2, 2, 2), (first.Accepted, second.Accepted, third.Accepted));
        Assert.Equal(["dé 1", "2", "5 bytes"], atStays.All);
        Assert.Equal(["dé 1", "2", "5 bytes"], atLeaves.All);
    }

    [Fact]
    public async Task Who_has_no_room_is_named_and_costs_the_others_nothing()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync(options => options.Session = options.Session with { OutboxMessagesMax = 3 });
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection one = host.Client();
        await using EitConnection away = host.Client(port: relay.Port);
        Happenings<string> atOne = Listen(one);
        Listen(away);                                              // What nobody takes would hold up its close.
        await away.StartAsync().Soon();
        EitSession full = await recorder.Sessions.NextAsync();
        await one.StartAsync().Soon();
        await recorder.Sessions.NextAsync();
        relay.Refuses = true;
        relay.CutAll();
        await recorder.Calls.UntilAsync(call => call.StartsWith("outage", StringComparison.Ordinal));

        var results = new List<BroadcastResult>();
        for (int i = 1; i <= 5; i++)
        {
            results.Add(host.Sessions.Broadcast($"{i}"));
            await atOne.UntilAsync(text => text == $"{i}");
        }
        relay.Refuses = false;

        Assert.Equal([2, 2, 2, 1, 1], results.Select(result => result.Accepted));
        Assert.All(results.Take(3), result => Assert.Empty(result.Refused));
        Assert.All(results.Skip(3), result => Assert.Same(full, Assert.Single(result.Refused)));
        Assert.Equal(["1", "2", "3", "4", "5"], atOne.All);
    }

    [Fact]
    public async Task Only_those_that_are_named_get_it_and_a_session_that_closes_is_not_counted()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection one = host.Client();
        await using EitConnection two = host.Client();
        Happenings<string> atOne = Listen(one);
        Happenings<string> atTwo = Listen(two);
        await one.StartAsync().Soon();
        EitSession ofOne = await recorder.Sessions.NextAsync();
        await two.StartAsync().Soon();
        EitSession ofTwo = await recorder.Sessions.NextAsync();

        BroadcastResult toOne = host.Sessions.Broadcast("one", [ofOne], new SendOptions { Lane = Lane.Critical });
        await atOne.UntilAsync(text => text == "one");
        await one.CloseAsync().Soon();
        BroadcastResult toBoth = host.Sessions.Broadcast("both", [ofOne, ofTwo]);
        await atTwo.UntilAsync(text => text == "both");

        Assert.Equal((1, 1), (toOne.Accepted, toBoth.Accepted));
        Assert.Empty(toBoth.Refused);
        Assert.Equal(["both"], atTwo.All);
    }

    [Fact]
    public async Task What_many_sessions_hold_is_held_once()
    {
        const int clients = 20;
        const int bytes = 1_000_000;
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        var connections = new List<EitConnection>();
        for (int i = 0; i < clients; i++)
        {
            EitConnection client = host.Client(port: relay.Port);
            connections.Add(client);
            await client.StartAsync().Soon();
            await recorder.Sessions.NextAsync();
        }
        relay.Refuses = true;
        relay.CutAll();
        for (int i = 0; i < clients; i++) { await recorder.Calls.UntilAsync(call => call.StartsWith("outage", StringComparison.Ordinal)); }

        long before = GC.GetAllocatedBytesForCurrentThread();
        BroadcastResult result = host.Sessions.Broadcast(new byte[bytes]);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await Task.WhenAll(connections.Select(client => client.DisposeAsync().AsTask()));

        Assert.Equal(clients, result.Accepted);
        Assert.InRange(allocated, bytes, 3 * bytes);               // The bytes and one copy.
    }

    [Fact]
    public async Task A_broadcast_that_is_not_well_formed_reaches_nobody()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();

        Assert.Throws<EncoderFallbackException>(() => host.Sessions.Broadcast("\ud800"));
        Assert.Equal(0, host.Sessions.Broadcast("nobody").Accepted);
    }

    private static Happenings<string> Listen(EitConnection client)
    {
        var heard = new Happenings<string>();
        client.OnMessage(heard.Add);
        client.OnBytes(bytes =>
        {
            heard.Add($"{bytes.Length} bytes");
            return default;
        });
        return heard;
    }
}
