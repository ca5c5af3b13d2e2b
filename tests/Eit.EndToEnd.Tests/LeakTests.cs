using Eit.Connection;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

/// <summary>Counts what is left in the whole process, so that nothing else may run beside it.</summary>
[Collection(AloneCollection.Name), Trait("Runs", "Alone")]
public sealed class LeakTests
{
    private const int Rounds = 1_000;

    [Fact]
    public async Task A_thousand_rounds_of_connect_cut_and_close_leave_no_task_socket_or_timer_behind()
    {
        var unobserved = new List<Exception>();
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, failure) =>
        {
            lock (unobserved) { unobserved.Add(failure.Exception); }
        };
        TaskScheduler.UnobservedTaskException += note;
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit("/eit", static (_, _) => default), options =>
        {
            OutageTests.Quick(options);
            options.Session.ResumeWindow = TimeSpan.FromSeconds(1);
        });
        await using var relay = new FaultRelay(host.Port);
        int deadlinesBefore = Link.DeadlineWheel.Shared.Count;      // What earlier tests of this process have left to wait.
        int socketsBefore = 0;
        for (int round = 0; round < Rounds; round++)
        {
            if (round == 20) { socketsBefore = await SettledAsync(host, relay, deadlinesBefore); }
            await RoundAsync(host, relay, round);
        }

        int socketsAfter = await SettledAsync(host, relay, deadlinesBefore);
        TaskScheduler.UnobservedTaskException -= note;

        Assert.Empty(unobserved);
        Assert.Equal(0, host.Sessions.Count);
        Assert.InRange(socketsAfter, 0, socketsBefore + 5);
        Assert.InRange(Link.DeadlineWheel.Shared.Count, 0, deadlinesBefore);
    }

    private static async Task RoundAsync(TestHost host, FaultRelay relay, int round)
    {
        await using EitConnection client = host.Client(port: relay.Port, configure: OutageTests.QuickClient);
        client.OnMessage(static _ => { });
        await client.StartAsync().Soon();
        client.Send("hello");
        if (round % 2 == 0)
        {
            relay.CutAll();
            if (round % 4 == 0) { await client.SendAsync("after the cut").Soon(); }
        }
        await client.CloseAsync().Soon();
    }

    /// <summary>Waits until everything has ended that is about to, and counts this process's sockets.</summary>
    private static async Task<int> SettledAsync(TestHost host, FaultRelay relay, int deadlinesBefore)
    {
        await Patience.UntilAsync(() => host.Sessions.Count == 0 && relay.Live == 0 && Link.DeadlineWheel.Shared.Count <= deadlinesBefore);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Directory.GetFiles("/proc/self/fd").Count(static file => new FileInfo(file).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
    }
}
