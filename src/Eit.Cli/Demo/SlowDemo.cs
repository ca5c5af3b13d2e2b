using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Cli.Demo;

/// <summary>A receiver that needs its time for each message, a sender that offers as many as it can, and an urgent message every 100 ms.</summary>
internal sealed class SlowDemo(SlowDemoOptions options, TimeProvider time)
{
    private const int LooksPerCollection = 25;
    private const string UrgentMark = "urgent ";

    private static readonly TimeSpan s_urgentEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };
    private static readonly SendOptions s_urgent = new() { CompleteWhen = CompleteWhen.Accepted, Lane = Lane.Critical };

    // Less than the defaults, so that what is held is handled soon after the sender has finished.
    private static readonly SessionSettings s_session = new() { WindowMessages = SlowDemoOptions.Window, WindowMessagesMax = SlowDemoOptions.Window, OutboxMessagesMax = SlowDemoOptions.Outbox };

    private readonly long _began = time.GetTimestamp();
    private readonly DemoLedger _ledger = new("up", time);
    private readonly DemoTexts _texts = new(new DemoOptions { SizeBytes = options.SizeBytes });
    private readonly ConcurrentQueue<TimeSpan> _urgentTook = new();
    private int _urgentSent;
    private int _mostHeld;
    private long _memoryAtStart;
    private long _memory;
    private long _mostMemory;
    private string? _problem;

    /// <summary>Gets where the demo stands, in words. Safe from any thread.</summary>
    internal string Status => string.Create(
        CultureInfo.InvariantCulture,
        $"{time.GetElapsedTime(_began).TotalSeconds,5:0.0} s  {_ledger.ArrivedCount}/{options.Messages} handled  {_ledger.SentCount - _ledger.ArrivedCount} held  memory {ToMib(_memory):0.0} MiB  urgent: {_urgentTook.Count}, slowest {(_urgentTook.IsEmpty ? 0 : _urgentTook.Max().TotalMilliseconds):0} ms");

    /// <summary>Runs the demo to its end. Whatever happens in it, it ends with a report.</summary>
    /// <param name="interrupted">Ends it early.</param>
    internal async Task<SlowDemoReport> RunAsync(CancellationToken interrupted)
    {
        try
        {
            await using OwnServer server = await OwnServer.StartAsync(s_session, time, HandleAsync, interrupted);
            await using var client = new EitConnection(new EitConnectionOptions
            {
                Url = new Uri($"wss://{IPAddress.Loopback}:{server.Port}{OwnServer.Path}"),
                PinnedCertificateSha256 = server.CertificateSha256,
                TokenProvider = (_, _) => ValueTask.FromResult<string?>(server.IssueToken("ada")),
                Proxy = new WebProxy(),
                WatchesNetwork = false,
                Session = s_session,
            });
            await client.StartAsync(interrupted);
            _memoryAtStart = _memory = GC.GetTotalMemory(forceFullCollection: true);
            await OfferAsync(client, interrupted);
            await client.CloseAsync(interrupted);
            await server.StopAsync();
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested) { _problem = "The demo was interrupted."; }
        catch (EitException failure) { _problem = failure.Message; }
        return Report();
    }

    private async Task OfferAsync(EitConnection client, CancellationToken interrupted)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        Task urgent = BeUrgentAsync(client, done.Token);
        Task watch = WatchAsync(done.Token);
        while (_problem is null && _ledger.SentCount < options.Messages)
        {
            string text = _texts.Make(_ledger.Direction, _ledger.SentCount + 1);
            _ledger.Sent(text);
            SendOutcome outcome = await client.SendAsync(text, s_accepted, interrupted);
            if (outcome != SendOutcome.Accepted) { _problem = $"A message was not accepted: {outcome}."; }
        }
        using var timer = new PeriodicTimer(s_look);
        while (_problem is null && _ledger.ArrivedCount < _ledger.SentCount) { await timer.WaitForNextTickAsync(interrupted); }
        await done.CancelAsync();
        await Task.WhenAll(urgent, watch);
    }

    private async Task BeUrgentAsync(EitConnection client, CancellationToken done)
    {
        using var timer = new PeriodicTimer(s_urgentEvery);
        while (await NextAsync(timer, done))
        {
            await client.SendAsync(UrgentMark + time.GetTimestamp().ToString(CultureInfo.InvariantCulture), s_urgent, CancellationToken.None);
            _urgentSent++;
        }
    }

    private async Task WatchAsync(CancellationToken done)
    {
        using var timer = new PeriodicTimer(s_look);
        for (int looks = 0; await NextAsync(timer, done); looks++)
        {
            _mostHeld = Math.Max(_mostHeld, _ledger.SentCount - _ledger.ArrivedCount);
            if (looks % LooksPerCollection != 0) { continue; }
            _memory = GC.GetTotalMemory(forceFullCollection: true);   // What is garbage shows nothing.
            _mostMemory = Math.Max(_mostMemory, _memory);
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken done)
    {
        try { return await timer.WaitForNextTickAsync(done); }
        catch (OperationCanceledException) { return false; }
    }

    /// <summary>The slow handler. An urgent message is timed when it comes to it, and takes as long as any other.</summary>
    private async ValueTask HandleAsync(EitSession from, string text)
    {
        bool isUrgent = text.StartsWith(UrgentMark, StringComparison.Ordinal);
        if (isUrgent) { _urgentTook.Enqueue(time.GetElapsedTime(long.Parse(text.AsSpan(UrgentMark.Length), CultureInfo.InvariantCulture))); }
        else { _ledger.Arrived(text); }
        using var timer = new PeriodicTimer(options.HandlerTime, time);
        await timer.WaitForNextTickAsync();
    }

    private SlowDemoReport Report()
    {
        TimeSpan[] took = [.. _urgentTook.Order()];
        double seconds = time.GetElapsedTime(_began).TotalSeconds;
        return new SlowDemoReport
        {
            Messages = _ledger.Compare(),
            MostHeld = _mostHeld,
            UrgentSent = _urgentSent,
            UrgentReceived = took.Length,
            UrgentMedianMs = took.Length == 0 ? 0 : (long)took[took.Length / 2].TotalMilliseconds,
            UrgentSlowestMs = took.Length == 0 ? 0 : (long)took[^1].TotalMilliseconds,
            MemoryAtStartMib = Math.Round(ToMib(_memoryAtStart), 1),
            MostMemoryMib = Math.Round(ToMib(_mostMemory), 1),
            Seconds = Math.Round(seconds, 1),
            Problem = _problem,
        };
    }

    private static double ToMib(long bytes) => bytes / (1024.0 * 1024.0);
}
