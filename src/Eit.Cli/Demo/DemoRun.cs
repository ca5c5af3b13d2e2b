using System.Net;
using Eit.Backoff;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Cli.Demo;

/// <summary>One demo: a server, a relay, a client, messages both ways, faults, and the comparison at the end.</summary>
internal sealed class DemoRun
{
    private const int RateOfRestMax = 1_000;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_overdueMax = TimeSpan.FromSeconds(30);
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    // Not the default of 5 s, so that black holes do not take up half of the demo.
    private static readonly SessionSettings s_session = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly DemoOptions _options;
    private readonly TimeProvider _time;
    private readonly DemoTexts _texts;
    private readonly DemoLedger _up;
    private readonly DemoLedger _down;
    private readonly long _began;
    private readonly List<string> _problems = [];
    private EitConnection? _client;
    private DemoWatch? _watch;
    private long _epoch;
    private DemoDirector? _director;

    internal DemoRun(DemoOptions options, TimeProvider time)
    {
        (_options, _time, _texts, _began) = (options, time, new DemoTexts(options), time.GetTimestamp());
        (_up, _down) = (new DemoLedger("up", time), new DemoLedger("down", time));
    }

    /// <summary>Gets where the demo stands. Safe from any thread.</summary>
    internal DemoStatus Status => new()
    {
        Elapsed = _time.GetElapsedTime(_began),
        State = _client?.State ?? EitConnectionState.Idle,
        Epoch = _epoch = Math.Max(_epoch, _client?.Epoch ?? 0),      // A connection without a session has none.
        UpSent = _up.SentCount,
        UpArrived = _up.ArrivedCount,
        DownSent = _down.SentCount,
        DownArrived = _down.ArrivedCount,
        Cuts = _director?.Cuts ?? 0,
        Cycles = _director?.Cycles ?? 0,
        BlackHoles = _director?.BlackHoles ?? 0,
        Resumes = _watch?.Resumes ?? 0,
        FailedDials = _watch?.FailedDials ?? 0,
        LongestGap = LongestGap,
    };

    private TimeSpan LongestGap => _up.LongestGap > _down.LongestGap ? _up.LongestGap : _down.LongestGap;

    /// <summary>Runs the demo to its end. Whatever happens in it, it ends with a report.</summary>
    /// <param name="interrupted">Ends it early.</param>
    internal async Task<DemoReport> RunAsync(CancellationToken interrupted)
    {
        try
        {
            await using OwnServer server = await OwnServer.StartAsync(s_session, _time, ArrivedAsync, interrupted);
            await using var relay = new DemoRelay(server.Port, _options.Seed);
            await using var client = new EitConnection(ClientOptions(server, relay));
            client.OnMessage(text => _down.Arrived(text));
            _watch = new DemoWatch(client);
            _director = new DemoDirector(_options, relay, client, _watch, Progress, Note);
            _client = client;
            await ConverseAsync(server, client, _director, interrupted);
            await client.CloseAsync(CancellationToken.None);
            await server.StopAsync();
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            // It had hardly begun.
        }
        return Report(interrupted.IsCancellationRequested);
    }

    private ValueTask ArrivedAsync(EitSession from, string text)
    {
        _up.Arrived(text);
        return default;
    }

    private EitConnectionOptions ClientOptions(OwnServer server, DemoRelay relay) => new()
    {
        Url = new Uri($"wss://{IPAddress.Loopback}:{relay.Port}{OwnServer.Path}"),
        PinnedCertificateSha256 = server.CertificateSha256,
        TokenProvider = (_, _) => ValueTask.FromResult<string?>(server.IssueToken("ada")),
        Proxy = new WebProxy(),                                    // None, whatever the system's is: the way is within this machine.
        WatchesNetwork = false,
        Session = s_session,
        JitterSeed = _options.Seed,

        // No network cuts as often as this relay does: with the default of 10 s every connection would count as one that dies at once, and back-off would grow.
        Redial = new RedialOptions { StableAfter = TimeSpan.FromMilliseconds(100), FirstWait = TimeSpan.FromMilliseconds(50), LongestWait = TimeSpan.FromMilliseconds(500) },
    };

    private double Progress() => Math.Min(_up.ArrivedCount, _down.ArrivedCount) / (double)_options.Messages;

    /// <summary>Sends both ways under faults until all has arrived, or until it is clear that it will not.</summary>
    private async Task ConverseAsync(OwnServer server, EitConnection client, DemoDirector director, CancellationToken interrupted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        try
        {
            await client.StartAsync(stop.Token);
            Task upward = SendAllAsync(_up, (text, stopped) => client.SendAsync(text, s_accepted, stopped), stop);
            Task downward = AnswerAsync(server, stop);
            Task traffic = Task.WhenAll(upward, downward, director.RunAsync(stop.Token));
            await Task.WhenAll(OrStopAsync(traffic, stop), OrStopAsync(UntilAllHasArrivedAsync(traffic, stop.Token), stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Interrupted, or a problem has been noted.
        }
        catch (TimeoutException late) { Note(late.Message); }
        catch (EitException failure) { Note(failure.Message); }
    }

    private async Task AnswerAsync(OwnServer server, CancellationTokenSource stop)
    {
        await server.Met.WaitAsync(stop.Token);
        await SendAllAsync(_down, (text, stopped) => server.Session.SendAsync(text, s_accepted, stopped), stop);
    }

    private async Task SendAllAsync(DemoLedger ledger, Func<string, CancellationToken, ValueTask<SendOutcome>> sendAsync, CancellationTokenSource stop)
    {
        long began = _time.GetTimestamp();
        using var timer = new PeriodicTimer(s_look);
        do
        {
            int due = DueAfter(_time.GetElapsedTime(began));
            while (ledger.SentCount < due && !IsEnough(ledger))
            {
                string text = _texts.Make(ledger.Direction, ledger.SentCount + 1);
                SendOutcome outcome = await sendAsync(text, stop.Token);
                if (outcome == SendOutcome.Accepted) { ledger.Sent(text); }
                else
                {
                    Fail($"A message to be sent {ledger.Direction} was not accepted: {outcome}.", stop);
                    return;
                }
            }
            if (!IsEnough(ledger)) { await timer.WaitForNextTickAsync(stop.Token); }
        }
        while (!IsEnough(ledger));
    }

    /// <summary>How many messages should have been sent; what lies beyond those asked for only keeps the last faults company.</summary>
    private int DueAfter(TimeSpan elapsed)
    {
        double due = elapsed.TotalSeconds * _options.Rate;
        double rest = (due - _options.Messages) / _options.Rate;
        return (int)Math.Min(rest <= 0 ? due : _options.Messages + (rest * Math.Min(_options.Rate, RateOfRestMax)), int.MaxValue);
    }

    private bool IsEnough(DemoLedger ledger) => ledger.SentCount >= _options.Messages && _director!.IsDone;

    private async Task UntilAllHasArrivedAsync(Task traffic, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_look);
        while (!traffic.IsCompleted || _up.ArrivedCount < _up.SentCount || _down.ArrivedCount < _down.SentCount)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            DemoLedger? overdue = _up.Overdue > s_overdueMax ? _up : _down.Overdue > s_overdueMax ? _down : null;
            if (overdue is not null) { throw new TimeoutException($"Nothing has arrived {overdue.Direction} for {s_overdueMax.TotalSeconds:0} s."); }
        }
    }

    private static async Task OrStopAsync(Task task, CancellationTokenSource stop)
    {
        try { await task; }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private void Fail(string problem, CancellationTokenSource stop)
    {
        Note(problem);
        stop.Cancel();
    }

    private void Note(string problem)
    {
        lock (_problems) { _problems.Add(problem); }
    }

    private DemoReport Report(bool isInterrupted)
    {
        int cuts = _director?.Cuts ?? 0;
        int cycles = _director?.Cycles ?? 0;
        int blackHoles = _director?.BlackHoles ?? 0;
        if (_watch?.Ended is { } ended && ended.Code != CloseCode.Closed) { Note($"The session ended with {ended.Code}: {ended.Reason}"); }
        if (isInterrupted) { Note("The demo was interrupted."); }
        else
        {
            if (cuts < _options.Cuts) { Note($"Only {cuts} of {_options.Cuts} cuts were done."); }
            if (cycles < _options.Cycles) { Note($"Only {cycles} of {_options.Cycles} cycles were done."); }
            if (blackHoles < _options.BlackHoles) { Note($"Only {blackHoles} of {_options.BlackHoles} black holes were done."); }
        }
        return new DemoReport
        {
            Up = _up.Compare(),
            Down = _down.Compare(),
            Resumes = _watch?.Resumes ?? 0,
            Cycles = cycles,
            Cuts = cuts,
            BlackHoles = blackHoles,
            FailedDials = _watch?.FailedDials ?? 0,
            LongestGapMs = (long)Math.Ceiling(LongestGap.TotalMilliseconds),
            Seconds = Math.Round(_time.GetElapsedTime(_began).TotalSeconds, 1),
            Seed = _options.Seed,
            Problems = _problems,
        };
    }
}
