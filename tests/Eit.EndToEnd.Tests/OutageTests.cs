using Eit.Backoff;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class OutageTests
{
    [Fact]
    public async Task Two_hundred_cuts_in_mid_message_with_20_KB_messages_lose_nothing_and_every_session_resumes()
    {
        const int Cuts = 200;
        const int Bytes = 20_000;
        var chance = new SeededJitter(7);
        var conversation = new Conversation();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<Conversation>("/eit"), Quick, build: builder => builder.Services.AddSingleton(conversation));
        await using var relay = new FaultRelay(host.Port);
        relay.CutPlan = number => number > Cuts ? (null, null) : ((long)(4_000 + (120_000 * chance.Next())), (long)(4_000 + (120_000 * chance.Next())));
        await using EitConnection client = host.Client(port: relay.Port, configure: static options =>
        {
            QuickClient(options);
            options.CloseLimit = Patience.Guard;
        });
        conversation.Watch(client);
        await client.StartAsync().Soon();
        EitSession session = await conversation.Connected.Soon();

        bool IsUnderFire() => relay.Dials <= Cuts;
        Task<int> up = TalkAsync(number => client.SendAsync(Conversation.Text(number, Bytes)), IsUnderFire);
        Task<int> down = TalkAsync(number => session.SendAsync(Conversation.Text(number, Bytes)), IsUnderFire);
        int sentUp = await up.Soon();
        int sentDown = await down.Soon();
        await client.CloseAsync().Soon();

        Assert.Equal(Conversation.Expected(sentUp, Bytes), conversation.AtServer);
        Assert.Equal(Conversation.Expected(sentDown, Bytes), conversation.AtClient);
        Assert.Single(conversation.Events, @event => @event == "connected");
        Assert.All(conversation.States.Where(change => change.Current == EitConnectionState.Connected).Skip(1), change => Assert.True(change.IsResumed));
        Assert.True(relay.Dials > Cuts);
    }

    [Fact]
    public async Task A_reset_with_the_server_refusing_redials_resumes_and_loses_nothing()
    {
        var conversation = new Conversation();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<Conversation>("/eit"), build: builder => builder.Services.AddSingleton(conversation));
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: static options => options.CloseLimit = Patience.Guard);
        conversation.Watch(client);
        await client.StartAsync().Soon();
        EitSession session = await conversation.Connected.Soon();

        relay.Refuses = true;
        relay.CutAll();
        Task up = Conversation.SendAsync((text, options) => client.SendAsync(text, options), 40, 100);
        Task down = Conversation.SendAsync((text, options) => session.SendAsync(text, options), 40, 100);
        await Patience.UntilAsync(() => conversation.States.Any(static change => change is { Current: EitConnectionState.Waiting, Attempt: > 0 }));
        relay.Refuses = false;
        await Task.WhenAll(up, down).Soon();
        await client.CloseAsync().Soon();

        Assert.Equal(Conversation.Expected(40, 100), conversation.AtServer);
        Assert.Equal(Conversation.Expected(40, 100), conversation.AtClient);
        Assert.Single(conversation.Events, @event => @event == "connected");
    }

    [Fact]
    public async Task A_black_hole_of_35_seconds_inside_the_resume_window_loses_nothing()
    {
        var conversation = new Conversation();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<Conversation>("/eit"), build: builder => builder.Services.AddSingleton(conversation));
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port);
        conversation.Watch(client);
        await client.StartAsync().Soon();
        EitSession session = await conversation.Connected.Soon();
        string id = session.Id.ToString();

        relay.Freeze();
        Task up = Conversation.SendAsync((text, options) => client.SendAsync(text, options), 200, 100);
        Task down = Conversation.SendAsync((text, options) => session.SendAsync(text, options), 200, 100);
        using (var hole = new CancellationTokenSource(TimeSpan.FromSeconds(35))) { await EndOf(hole.Token); }
        relay.Thaw();
        await Task.WhenAll(up, down).Soon();
        await client.WaitUntilConnectedAsync().Soon();
        await client.SendAsync("end").Soon();
        await session.SendAsync("end").Soon();

        Assert.Equal(Conversation.Expected(200, 100).Append("end"), conversation.AtServer);
        Assert.Equal(Conversation.Expected(200, 100).Append("end"), conversation.AtClient);
        Assert.Equal(id, client.SessionId?.ToString());
    }

    [Fact, Clause("V1.3")]
    public async Task A_resuming_dial_offers_only_the_encoding_of_its_session()
    {
        var offers = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit("/eit", static (_, _) => default),
            options =>
            {
                Quick(options);
                TestHost.Calm(options);
                options.Admits = context =>
                {
                    offers.Enqueue(string.Join(' ', context.WebSockets.WebSocketRequestedProtocols));
                    return ValueTask.FromResult(true);
                };
            });
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: options =>
        {
            QuickClient(options);
            TestHost.Calm(options);
        });
        await client.StartAsync().Soon();
        await client.SendAsync("before").Soon();

        relay.CutAll();
        SendOutcome outcome = await client.SendAsync("after").Soon();
        await client.CycleAsync().Soon();

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal(["eit.v1.bin", "eit.v1.bin"], offers.Skip(1));
    }

    internal static void Quick(EitServerOptions options) => options.SpreadMin = TimeSpan.Zero;

    /// <summary>Cuts far more often than any network: each loss counts as the first one.</summary>
    internal static void QuickClient(EitConnectionOptions options) => options.Redial = new RedialOptions { StableAfter = TimeSpan.Zero, FirstWait = TimeSpan.FromMilliseconds(20) };

    internal static Task EndOf(CancellationToken token)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.Register(ended.SetResult);
        return ended.Task;
    }

    private static async Task<int> TalkAsync(Func<int, ValueTask<SendOutcome>> send, Func<bool> goesOn)
    {
        int number = 0;
        while (goesOn())
        {
            SendOutcome outcome = await send(number++);
            Assert.Equal(SendOutcome.Processed, outcome);
        }
        return number;
    }
}
