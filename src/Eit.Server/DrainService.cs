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
        IReadOnlyList<EitSession> all = sessions.List();
        Log.DrainBegan(logger, all.Count, window);
        foreach (EitSession session in all)
        {
            if (session.IsConnected) { session.RequestCycle(window, "drain"); }
            else { session.Abort(CloseCode.Draining, "The server stops."); }
        }
        await EndedWithin(all, window, cancellationToken).ConfigureAwait(false);

        IReadOnlyList<EitSession> left = sessions.List();
        foreach (EitSession session in left) { _ = session.CloseAsync(CloseCode.Draining, "The server stops.", s_closeLimit, CancellationToken.None); }
        await EndedWithin(left, s_closeLimit + TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
        foreach (EitSession session in sessions.List()) { session.Abort(CloseCode.Draining, "The server stops."); }
        Log.DrainEnded(logger, left.Count);
        await ChannelsEndedAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Lets the channels be deleted before the application's services are: what their handlers save has all the time that the host has left.</summary>
    private async Task ChannelsEndedAsync(CancellationToken cancellationToken)
    {
        try { await channels.WhenEmpty().WaitAsync(cancellationToken).ConfigureAwait(false); }
        catch (OperationCanceledException) { Log.ChannelsUnfinished(logger, channels.Count); }
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
