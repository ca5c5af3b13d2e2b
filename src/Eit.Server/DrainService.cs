using Eit.Protocol.Wire;
using Eit.Server.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Server;

/// <summary>Refuses to start with a forbidden exemption; when the host stops, moves the clients on before their transports are cut (C3.2).</summary>
internal sealed partial class DrainService(EitSessions sessions, EitChannels channels, IHostEnvironment environment, IOptions<HostOptions> hostOptions, ILogger<DrainService> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(2);

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (sessions.Options.Exemption?.FaultIn(environment.EnvironmentName, Environment.GetEnvironmentVariable) is { } fault) { throw new InvalidOperationException(fault); }
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        NeededTypes.Load();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        sessions.BeginDrain();
        TimeSpan fitting = hostOptions.Value.ShutdownTimeout - s_closeLimit - s_margin;
        TimeSpan window = fitting < sessions.Options.DrainWindow ? fitting : sessions.Options.DrainWindow;
        if (window < TimeSpan.Zero) { window = TimeSpan.Zero; }
        ILookup<Way, EitSession> all = sessions.List().ToLookup(WayOf);
        TimeSpan spread = SpreadOf(all[Way.Move].Count() + all[Way.Close].Count(), window);
        Log.DrainBegan(logger, all.Sum(static way => way.Count()), spread, window);
        foreach (EitSession session in all[Way.Abort]) { session.Abort(CloseCode.Draining, "The server stops."); }
        foreach (EitSession session in all[Way.Move]) { session.RequestCycle(spread, "drain"); }
        using (var time = new CancellationTokenSource(window, sessions.Time))
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, time.Token))
        {
            await Task.WhenAll(MovedAsync([.. all[Way.Move]], limit.Token), ClosedAsync([.. all[Way.Close]], spread, limit.Token)).ConfigureAwait(false);
        }

        IReadOnlyList<EitSession> left = sessions.List();
        foreach (EitSession session in left) { _ = session.CloseAsync(CloseCode.Draining, "The server stops.", s_closeLimit, CancellationToken.None); }
        await EndedWithin(left, s_closeLimit + TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
        foreach (EitSession session in sessions.List()) { session.Abort(CloseCode.Draining, "The server stops."); }
        Log.DrainEnded(logger, left.Count);
        await ChannelsEndedAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Who has no transport comes back to nobody here; a plain client can't move.</summary>
    private static Way WayOf(EitSession session) => !session.IsConnected ? Way.Abort : session.IsPlain ? Way.Close : Way.Move;

    /// <summary>The clients all dial elsewhere: the spread is what servers like this one need to take them, not all the time that there is.</summary>
    private TimeSpan SpreadOf(int clients, TimeSpan window)
    {
        var needed = TimeSpan.FromSeconds(clients / (double)sessions.Options.AcceptsPerSecond);
        return needed < window ? needed : window;
    }

    /// <summary>Waits until all have gone, or so many have come back that the others need not try.</summary>
    private async Task MovedAsync(IReadOnlyList<EitSession> moving, CancellationToken limit)
    {
        var tally = new DrainTally();
        try
        {
            await foreach (Task<CloseCode> end in Task.WhenEach(moving.Select(EndOf)).WithCancellation(limit).ConfigureAwait(false))
            {
                tally.Ended(await end.ConfigureAwait(false));
                if (!tally.IsAlone) { continue; }
                Log.DrainAlone(logger, tally.Returns);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // What is left is closed by whoever asked.
        }
    }

    private static async Task<CloseCode> EndOf(EitSession session)
    {
        await session.Ended.ConfigureAwait(false);
        return session.EndCode ?? CloseCode.SessionLost;
    }

    /// <summary>Closes the plain clients a few at a time: they come back elsewhere at once.</summary>
    private async Task ClosedAsync(IReadOnlyList<EitSession> plain, TimeSpan spread, CancellationToken limit)
    {
        if (plain.Count == 0) { return; }
        int atATime = (int)Math.Clamp(Math.Ceiling(plain.Count * (s_step / spread)), 1, plain.Count);
        using var step = new PeriodicTimer(s_step, sessions.Time);
        try
        {
            foreach (EitSession[] some in plain.Chunk(atATime))
            {
                foreach (EitSession session in some) { _ = session.CloseAsync(CloseCode.Draining, "The server stops.", s_closeLimit, CancellationToken.None); }
                await step.WaitForNextTickAsync(limit).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The rest is closed together.
        }
    }

    /// <summary>Lets the channels be deleted before the application's services are: what their handlers save has all the time that the host has left.</summary>
    private async Task ChannelsEndedAsync(CancellationToken cancellationToken)
    {
        try { await channels.WhenEmpty().WaitAsync(cancellationToken).ConfigureAwait(false); }
        catch (OperationCanceledException) { Log.ChannelsUnfinished(logger, channels.Count); }
    }

    private enum Way
    {
        Abort,
        Close,
        Move,
    }

    private async Task EndedWithin(IReadOnlyList<EitSession> ending, TimeSpan limit, CancellationToken cancellationToken)
    {
        Task all = Task.WhenAll(ending.Select(static session => session.Ended));
        try { await all.WaitAsync(limit, sessions.Time, cancellationToken).ConfigureAwait(false); }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // What is left is closed by whoever asked.
        }
    }
}
