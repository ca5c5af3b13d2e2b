using Eit.Backoff;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class OutageTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(90);

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
        await using EitConnection client = host.Client(port: relay.Port, configure: QuickClient);
        conversation.Watch(client);
        await client.StartAsync().WaitAsync(s_guard);
        EitSession session = await conversation.Connected.WaitAsync(s_guard);

        bool IsUnderFire() => relay.Dials <= Cuts;
        Task<int> up = TalkAsync(number => client.SendAsync(Conversation.Text(number, Bytes)), IsUnderFire);
        Task<int> down = TalkAsync(number => session.SendAsync(Conversation.Text(number, Bytes)), IsUnderFire);
        int sentUp = await up.WaitAsync(s_guard);
        int sentDown = await down.WaitAsync(s_guard);
        await client.CloseAsync().WaitAsync(s_guard);

        Assert.Equal(Conversation.Expected(sentUp, Bytes), conversation.AtServer);
        Assert.Equal(Conversation.Expected(sentDown, Bytes), conversation.AtClient);
        Assert.Single(conversation.Events, @event => @event == "connected");
        Assert.All(conversation.States.Where(change => change.Current == EitConnectionState.Connected).Skip(1), change => Assert.True(change.IsResumed));
        Assert.True(relay.Dials > Cuts);
    }

    [Fact]
    public async Task A_reset_with_the_server_refusing_for_half_a_second_resumes_and_loses_nothing()
    {
        var conversation = new Conversation();
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit<Conversation>("/eit"), build: builder => builder.Services.AddSingleton(conversation));
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port);
        conversation.Watch(client);
        await client.StartAsync().WaitAsync(s_guard);
        EitSession session = await conversation.Connected.WaitAsync(s_guard);

        relay.Refuses = true;
        relay.CutAll();
        Task up = Conversation.SendAsync((text, options) => client.SendAsync(text, options), 40, 100);
        Task down = Conversation.SendAsync((text, options) => session.SendAsync(text, options), 40, 100);
        using (var refusing = new CancellationTokenSource(TimeSpan.FromSeconds(0.5))) { await EndOf(refusing.Token); }
        relay.Refuses = false;
        await Task.WhenAll(up, down).WaitAsync(s_guard);
        await client.CloseAsync().WaitAsync(s_guard);

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
        await client.StartAsync().WaitAsync(s_guard);
        EitSession session = await conversation.Connected.WaitAsync(s_guard);
        string id = session.Id.ToString();

        relay.Freeze();
        Task up = Conversation.SendAsync((text, options) => client.SendAsync(text, options), 200, 100);
        Task down = Conversation.SendAsync((text, options) => session.SendAsync(text, options), 200, 100);
        using (var hole = new CancellationTokenSource(TimeSpan.FromSeconds(35))) { await EndOf(hole.Token); }
        relay.Thaw();
        await Task.WhenAll(up, down).WaitAsync(s_guard);
        await client.WaitUntilConnectedAsync().WaitAsync(s_guard);
        await client.SendAsync("end").AsTask().WaitAsync(s_guard);
        await session.SendAsync("end").AsTask().WaitAsync(s_guard);

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
                options.Admits = context =>
                {
                    offers.Enqueue(string.Join(' ', context.WebSockets.WebSocketRequestedProtocols));
                    return ValueTask.FromResult(true);
                };
            });
        await using var relay = new FaultRelay(host.Port);
        await using EitConnection client = host.Client(port: relay.Port, configure: QuickClient);
        await client.StartAsync().WaitAsync(s_guard);
        await client.SendAsync("before").AsTask().WaitAsync(s_guard);

        relay.CutAll();
        SendOutcome outcome = await client.SendAsync("after").AsTask().WaitAsync(s_guard);
        await client.CycleAsync().WaitAsync(s_guard);

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal(["eit.v1.bin", "eit.v1.bin"], offers.Skip(1));
    }

    internal static void Quick(EitServerOptions options) => options.SpreadMin = TimeSpan.Zero;

    /// <summary>Cuts far more often than any network: each loss counts as the first one.</summary>
    internal static void QuickClient(EitConnectionOptions options)
    {
        options.Redial = new RedialOptions { StableAfter = TimeSpan.Zero, FirstWait = TimeSpan.FromMilliseconds(20) };
        options.DialLimit = TimeSpan.FromSeconds(5);
    }

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
