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
