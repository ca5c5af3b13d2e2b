using Eit.Backoff;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class LadderTests
{
    private const int Messages = 4;

    [Fact, Clause("F1.8")]
    public Task A_cut_inside_a_websocket_message_leaves_nothing_behind() => Task.WhenAll(ClimbAsync(isUp: true), ClimbAsync(isUp: false));

    private static async Task ClimbAsync(bool isUp)
    {
        var current = new CurrentConversation();
        // Unencrypted, so that each byte of the conversation is a rung of its own; the first transport is cut, and so is the one that the session is handed over to.
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit<Conversation>("/eit"),
            options =>
            {
                OutageTests.Quick(options);
                options.ExemptForDevelopment(unencrypted: true, anonymous: true, "Testing");
                options.Limits.DetachedPerOwnerMax = 10_000;
            },
            build: builder => builder.Services.AddScoped(_ => current.Value!),
            tls: false);
        bool wasCut = true;
        for (int at = 1; wasCut; at += at < 700 ? 7 : 3) { wasCut = await TalkAsync(host, current, isUp, at); }
    }

    /// <summary>One conversation with a cycle in the middle; each of the first two transports is cut after so many bytes.</summary>
    private static async Task<bool> TalkAsync(TestHost host, CurrentConversation current, bool isUp, int cutAt)
    {
        var conversation = new Conversation();
        current.Value = conversation;
        await using var relay = new FaultRelay(host.Port);
        int cuts = 0;
        relay.CutPlan = number =>
        {
            if (number > 2) { return (null, null); }
            cuts++;
            return isUp ? (cutAt, null) : (null, cutAt);
        };
        var options = new EitConnectionOptions { Url = new Uri($"ws://127.0.0.1:{relay.Port}/eit"), AllowUnencryptedForDevelopment = true, WatchesNetwork = false };
        OutageTests.QuickClient(options);
        await using var client = new EitConnection(options);
        conversation.Watch(client);
        client.Start();
        await client.WaitUntilConnectedAsync().Soon();

        for (int i = 0; i < Messages; i++)
        {
            SendOutcome up = await client.SendAsync(Conversation.Text(i, 40)).Soon();
            EitSession session = await conversation.Connected.Soon();
            SendOutcome down = await session.SendAsync(Conversation.Text(i, 40)).Soon();
            Assert.Equal((cutAt, SendOutcome.Processed, SendOutcome.Processed), (cutAt, up, down));
            if (i == Messages / 2) { await CycleAsync(client); }
        }
        await client.CloseAsync().Soon();

        Assert.Equal(Conversation.Expected(Messages, 40), conversation.AtServer);
        Assert.Equal(Conversation.Expected(Messages, 40), conversation.AtClient);
        Assert.True(conversation.Events.Count(static @event => @event == "connected") == 1, $"cut at {cutAt}: {string.Join(", ", conversation.Events)}");
        return relay.Dials > 2;
    }

    private static async Task CycleAsync(EitConnection client)
    {
        try { await client.CycleAsync().Soon(); }
        catch (EitException cut) when (cut.IsTransient)
        {
            // The new transport was cut before its welcome: nothing has changed.
        }
    }

    private sealed class CurrentConversation
    {
        internal Conversation? Value { get; set; }
    }
}
