using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.EndToEnd.Tests;

public sealed class HeldBytesTests
{
    private const int Mebibyte = 1024 * 1024;

    [Fact, Clause("N6.3")]
    public async Task Whose_session_holds_most_loses_it_and_others_go_on()
    {
        var never = new TaskCompletionSource();
        await using TestHost host = await StartAsync(never.Task, options => options.Limits.HeldBytesMax = 2 * Mebibyte);
        await using EitConnection other = host.Client("ada");
        await using EitConnection glutton = host.Client("eve");
        var ends = new Happenings<EitSessionEnded>();
        glutton.SessionEnded += (_, end) => ends.Add(end);
        other.SessionEnded += (_, end) => ends.Add(end);
        await other.StartAsync().Soon();
        await glutton.StartAsync().Soon();

        Task<SendOutcome>[] sent = [.. Enumerable.Range(0, 9).Select(_ => glutton.SendAsync(new string('x', 100_000)).AsTask())];
        EitSessionEnded end = await ends.NextAsync();
        SendOutcome[] outcomes = await Task.WhenAll(sent).Soon();

        Assert.Equal(CloseCode.Full, end.Code);
        Assert.All(outcomes, static outcome => Assert.True(outcome is SendOutcome.Unknown or SendOutcome.NotSent));
        Assert.Equal(SendOutcome.Processed, await other.SendAsync("short").AsTask().Soon());
        Assert.InRange(host.Sessions.HeldBytes, 1, 2 * Mebibyte);
        never.SetResult();
    }

    [Fact, Clause("N6.3")]
    public async Task An_application_names_whose_a_session_is()
    {
        var never = new TaskCompletionSource();
        await using TestHost host = await StartAsync(never.Task, static options =>
        {
            options.OwnerOf = static context => context.Request.Query["tenant"];
            options.Limits.HeldBytesPerOwnerMax = Mebibyte;
        });
        await using EitConnection small = host.Client("ada", "/eit?tenant=one");
        await using EitConnection large = host.Client("bob", "/eit?tenant=one");
        await using EitConnection another = host.Client("eve", "/eit?tenant=two");
        var ends = new Happenings<string>();
        small.SessionEnded += (_, _) => ends.Add("small");
        large.SessionEnded += (_, _) => ends.Add("large");
        another.SessionEnded += (_, _) => ends.Add("another");
        await Task.WhenAll(small.StartAsync(), large.StartAsync(), another.StartAsync()).Soon();

        Assert.True(another.Send(new string('x', 450_000)));    // A tenant has 1 MiB, and a text two bytes for a character.
        Assert.True(small.Send(new string('x', 200_000)));
        Assert.True(large.Send(new string('x', 400_000)));

        Assert.Equal("large", await ends.NextAsync());
        Assert.Equal(["large"], ends.All);
        never.SetResult();
    }

    [Fact, Clause("N6.1")]
    public async Task A_broadcast_counts_once_until_everybody_has_it()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection away = host.Client(port: relay.Port);
        await using EitConnection near = host.Client();
        var atAway = new Happenings<string>();
        near.OnMessage(static _ => { });
        away.OnMessage(atAway.Add);
        await away.StartAsync().Soon();
        await near.StartAsync().Soon();
        await recorder.Sessions.NextAsync();
        await recorder.Sessions.NextAsync();
        relay.Refuses = true;
        relay.CutAll();
        await recorder.Calls.UntilAsync(call => call.StartsWith("outage", StringComparison.Ordinal));

        host.Sessions.Broadcast(new string('x', 500_000));
        Assert.InRange(host.Sessions.HeldBytes, 500_000, 600_000);
        relay.Refuses = false;
        await atAway.NextAsync();
        foreach (EitSession session in host.Sessions.List())
        {
            await session.WaitUntilConnectedAsync().Soon();
            Assert.Equal(SendOutcome.Processed, await session.SendAsync("settled").AsTask().Soon());   // So the broadcast before it is received, and let go.
        }

        Assert.InRange(host.Sessions.HeldBytes, 0, 100_000);
    }

    [Fact, Clause("N6.4")]
    public async Task A_server_that_holds_as_much_as_it_may_answers_503()
    {
        await using TestHost host = await StartAsync(Task.CompletedTask, static options => options.Limits.HeldBytesPerOwnerMax = Mebibyte);
        List<RawClient> clients = [];
        while (clients is [] || clients[^1].Status == 101) { clients.Add(await RawClient.OpenAsync(host, RawClient.Hello(instance: (ulong)clients.Count + 1), host.Token("ada"))); }
        await using RawClient other = await RawClient.OpenAsync(host, RawClient.Hello(instance: 1_000), host.Token("bob"));

        Assert.Equal(503, clients[^1].Status);
        Assert.InRange(clients.Count, 10, Mebibyte / HoldSizes.Session);
        Assert.Equal(101, other.Status);
        foreach (RawClient client in clients) { await client.DisposeAsync(); }
    }

    /// <summary>Starts a server whose handler never finishes with a long message.</summary>
    private static Task<TestHost> StartAsync(Task never, Action<EitServerOptions> configure) =>
        TestHost.StartAsync(app => app.MapEit("/eit", async (_, message) => await (message.Length > 100 ? never : Task.CompletedTask)), configure);
}
