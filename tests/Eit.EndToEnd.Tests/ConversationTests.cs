using System.Collections.Concurrent;
using System.Threading.Channels;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class ConversationTests
{
    [Fact]
    public async Task Messages_go_both_ways_over_tls_with_a_real_token()
    {
        await using TestHost host = await TestHost.StartAsync(app => Server.EndpointRouteBuilderExtensions.MapEit(app, "/eit", async (session, text) => await session.SendAsync($"you said {text}")));
        await using EitConnection client = host.Client();
        var heard = Channel.CreateUnbounded<string>();
        client.OnMessage(text => heard.Writer.TryWrite(text));

        await client.StartAsync().Soon();
        SendOutcome outcome = await client.SendAsync("hello").Soon();

        Assert.Equal(SendOutcome.Processed, outcome);
        Assert.Equal("you said hello", await heard.Reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task A_planned_cycle_under_traffic_is_invisible_over_real_sockets()
    {
        var received = new ConcurrentQueue<int>();
        await using TestHost host = await TestHost.StartAsync(app => Server.EndpointRouteBuilderExtensions.MapEit(app, "/eit", (session, text) =>
        {
            received.Enqueue(int.Parse(text, System.Globalization.CultureInfo.InvariantCulture));
            return default;
        }));
        await using EitConnection client = host.Client(configure: static options => options.CloseLimit = Patience.Guard);
        var states = new ConcurrentQueue<EitStateChange>();
        client.StateChanged += (_, change) => states.Enqueue(change);
        await client.StartAsync().Soon();

        Task cycles = Task.Run(async () =>
        {
            using var guard = new CancellationTokenSource(Patience.Guard);
            for (int done = 0; done < 5; guard.Token.ThrowIfCancellationRequested())
            {
                try
                {
                    await client.CycleAsync().Soon();
                    done++;
                }
                catch (EitException tooSoon) when (tooSoon.Code == CloseCode.Overloaded)
                {
                    // H1.8: the server may not have come to the end of the last one.
                }
            }
        });
        int sent = 0;
        while (!cycles.IsCompleted)
        {
            if (client.Send(sent.ToString(System.Globalization.CultureInfo.InvariantCulture))) { sent++; }
            else { await Task.Yield(); }
        }
        await cycles;
        await client.CloseAsync().Soon();

        Assert.Equal(Enumerable.Range(0, sent), received);
        Assert.DoesNotContain(states, change => change.Previous == EitConnectionState.Connected && change.Current != EitConnectionState.Closed);
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_does_not_stop_the_reading()
    {
        var talk = new Conversation();
        await using TestHost host = await TestHost.StartAsync(app => Server.EndpointRouteBuilderExtensions.MapEit<Conversation>(app, "/eit"), build: builder => builder.Services.AddSingleton(talk));
        await using EitConnection client = host.Client();
        using var goOn = new ManualResetEventSlim();
        client.OnMessage(_ => { goOn.Wait(Patience.Guard); });
        await client.StartAsync().Soon();
        Server.EitSession session = await talk.Connected.Soon();

        SendOutcome[] outcomes = new SendOutcome[3];
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = await session.SendAsync("stay", new Link.SendOptions { CompleteWhen = CompleteWhen.Received }).Soon();
        }
        goOn.Set();

        Assert.All(outcomes, outcome => Assert.Equal(SendOutcome.Received, outcome));
    }

    [Fact]
    public async Task After_a_close_from_inside_a_handler_no_further_message_is_handed_over()
    {
        await using TestHost host = await TestHost.StartAsync(app => Server.EndpointRouteBuilderExtensions.MapEit(app, "/eit", (session, _) =>
        {
            for (int i = 0; i < 500; i++) { session.Send(i.ToString(System.Globalization.CultureInfo.InvariantCulture)); }
            return default;
        }));
        await using EitConnection client = host.Client();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int handled = 0;
        client.OnMessage(async _ =>
        {
            if (++handled < 100) { return; }
            await client.CloseAsync();
            closed.TrySetResult();
        });
        await client.StartAsync().Soon();

        client.Send("go");
        await closed.Task.Soon();
        await client.DisposeAsync().Soon();

        Assert.Equal(100, handled);
        Assert.Equal(EitConnectionState.Closed, client.State);
    }
}
