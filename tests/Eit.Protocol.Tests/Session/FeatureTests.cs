using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class FeatureTests
{
    [Fact, Clause("V1.8")]
    public void A_feature_is_used_only_where_both_ends_have_named_it()
    {
        World world = new World(ClientWith("a", "b"), new SessionSettings { Features = FeatureSet.Of(["b", "c"]) }).Connected();

        foreach (SessionMachine end in (SessionMachine[])[world.Client.Session.Machine, world.Server.Session.Machine])
        {
            Assert.Equal((false, true, false), (end.PeerHas("a"), end.PeerHas("b"), end.PeerHas("c")));
        }
    }

    [Fact, Clause("V1.8")]
    public void An_end_that_says_nothing_of_features_has_none()
    {
        World world = new World(ClientWith("a"), new SessionSettings { Features = FeatureSet.Of(["a"]) }).Connected();

        Transport wire = world.DialByHand("bob", new Hello { Instance = new InstanceId(7), Epoch = 1, Want = HelloWant.New, Timeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1_000, Credit = new Credit(1, 1_000) });

        Assert.False(wire.AtServer!.Machine.PeerHas("a"));
        Assert.Null(wire.AtServer.Machine.PeerAgent);
    }

    [Fact, Clause("V1.9")]
    public void Each_hello_and_welcome_renews_the_features_and_the_agent()
    {
        ClientSettings client = ClientWith("a");
        var server = new SessionSettings { Agent = "server/2", Features = FeatureSet.Of(["a", "b"]) };
        World world = new World(client, server).Connected();
        AssertBoth(world, "a", hasIt: true, "client/1", "server/2");
        AssertBoth(world, "b", hasIt: false, "client/1", "server/2");

        (client.Session.Features, client.Session.Agent) = (FeatureSet.Of(["b"]), "client/2");   // As if another program had taken the session over.
        world.CutTheWire();
        world.Pass(TimeSpan.FromSeconds(1));
        AssertBoth(world, "a", hasIt: false, "client/2", "server/2");
        AssertBoth(world, "b", hasIt: true, "client/2", "server/2");

        (server.Features, server.Agent) = (FeatureSet.None, "server/1");
        world.Client.Cycle();
        world.Settle();

        AssertBoth(world, "b", hasIt: false, "client/2", "server/1");
        Assert.Single(world.Server.Sessions);
        world.Client.Session.SendAll("still here");
        world.Settle();
        Assert.Equal(["still here"], world.Server.Session.Received);
    }

    [Fact, Clause("E1.2")]
    public void What_an_end_may_miss_needs_no_feature()
    {
        World world = new World(ClientWith("future-1"), new SessionSettings { Features = FeatureSet.Of(["future-2"]) }).Connected();

        world.Wire.Down.Inject("[{\"t\":\"terms\",\"spread\":500,\"colour\":\"green\"},{\"t\":\"cycle\",\"why\":\"a-word-of-tomorrow\",\"within\":100000,\"to\":{\"node\":[7]}}]");
        world.Client.Session.SendAll("up");
        world.Server.Session.SendAll("down");
        world.Settle();
        world.Wire.Down.WriteClose((CloseCode)4177);               // Of a range in which the session lives.
        world.Pass(TimeSpan.FromSeconds(1));

        Assert.IsType<ClientState.Connected>(world.Client.Machine.State);
        Assert.Equal((1, 1), (world.Client.Sessions.Count, world.Server.Sessions.Count));
        Assert.Equal(["up"], world.Server.Session.Received);
        Assert.Equal(["down"], world.Client.Session.Received);
    }

    [Theory, Clause("E1.3")]
    [InlineData(true)]
    [InlineData(false)]
    public void An_end_without_features_is_served_as_it_always_was(bool isClientOld)
    {
        var old = new SessionSettings { Features = FeatureSet.None };
        World world = new World(isClientOld ? new ClientSettings { RacesOnSuspicion = false, Session = old } : null, isClientOld ? null : old).Connected();
        string[] texts = [.. Enumerable.Range(1, 20).Select(static number => $"message {number}")];

        world.Client.Session.SendAll(texts[..8]);
        world.Server.Session.SendAll(texts[..8]);
        world.Client.Cycle();
        world.Client.Session.SendAll(texts[8..14]);
        world.CutTheWire();
        world.Client.Session.SendAll(texts[14..]);
        world.Server.Session.SendAll(texts[8..]);
        world.Pass(TimeSpan.FromSeconds(2));

        Assert.Equal(texts, world.Server.Session.Received);
        Assert.Equal(texts, world.Client.Session.Received);
        Assert.All(world.Client.Session.Outcomes.Concat(world.Server.Session.Outcomes), static told => Assert.Equal(SendOutcome.Processed, told.Outcome));
        Assert.Equal((1, 1), (world.Client.Sessions.Count, world.Server.Sessions.Count));
    }

    [Fact, Clause("E1.3")]
    public void A_hello_of_the_first_day_is_welcomed()
    {
        World world = new();

        Transport wire = world.DialByHand("bob", 1, """{"t":"hello","instance":"0123456789abcdef0123456789abcdef","epoch":1,"want":"new","timeout":5000,"max":1048576,"credit":[1024,1048576]}""");

        Assert.Equal(FrameType.Welcome, wire.Down.Frames.First().Type);
        Assert.NotNull(wire.AtServer);
    }

    private static void AssertBoth(World world, string feature, bool hasIt, string client, string server)
    {
        SessionMachine atClient = world.Client.Session.Machine;
        SessionMachine atServer = world.Server.Session.Machine;
        Assert.Equal((server, client), (atClient.PeerAgent, atServer.PeerAgent));
        Assert.Equal((hasIt, hasIt), (atClient.PeerHas(feature), atServer.PeerHas(feature)));
    }

    private static ClientSettings ClientWith(params string[] features) => new()
    {
        RacesOnSuspicion = false,
        Session = new SessionSettings { Features = FeatureSet.Of(features), Agent = "client/1" },
    };
}
