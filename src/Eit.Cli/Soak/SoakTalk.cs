using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Cli.Soak;

/// <summary>One connection of a soak: sends at its rate, cycles, and checks what comes back.</summary>
internal sealed class SoakTalk : IAsyncDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    private readonly SoakOptions _options;
    private readonly TimeProvider _time;
    private readonly EitConnection _client;
    private readonly int _number;
    private readonly SoakHistory _history;
    private readonly Action<string> _note;
    private volatile int _resumes;
    private volatile int _cycles;
    private volatile int _failedDials;
    private long _cutAt;
    private long _longestOutage;
    private bool _isFinished;

    /// <summary>Makes a connection; it is not opened yet.</summary>
    /// <param name="options">What it does.</param>
    /// <param name="connection">How it reaches its server.</param>
    /// <param name="number">Its number.</param>
    /// <param name="time">The clock.</param>
    /// <param name="delays">Where delays are counted.</param>
    /// <param name="note">Is told of what is wrong beyond single messages.</param>
    internal SoakTalk(SoakOptions options, EitConnectionOptions connection, int number, TimeProvider time, DelayHistogram delays, Action<string> note)
    {
        (_options, _number, _time, _note) = (options, number, time, note);
        _history = new SoakHistory(number, options.DelayMax, time, delays);
        _client = new EitConnection(connection);
        _client.OnMessage(text => _history.Arrived(text));
        _client.StateChanged += (_, change) => Count(change);
        _client.SessionEnded += (_, ended) => CheckEnd(ended);
    }

    internal SoakTally Tally => _history.Tally;

    internal int Resumes => _resumes;

    internal int Cycles => _cycles;

    internal int FailedDials => _failedDials;

    internal bool IsConnected => _client.IsConnected;

    internal TimeSpan LongestOutage => new(Interlocked.Read(ref _longestOutage));

    internal Task StartAsync(CancellationToken cancellationToken) => _client.StartAsync(cancellationToken);

    /// <summary>Sends everything, and waits until it has come back or can no longer come in time, and until all cycles have come to their end or could have.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        long began = _time.GetTimestamp();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task cycling = CycleAsync(began, done.Token);
        await SendAsync(began, cancellationToken);
        await UntilEchoedAsync(cancellationToken);
        await cycling.WaitAsync(_options.DelayMax, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await done.CancelAsync();
        await cycling;
    }

    /// <summary>Closes the session; what still comes back before is checked, too.</summary>
    internal async Task CloseAsync()
    {
        _isFinished = true;
        await _client.CloseAsync(CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async Task SendAsync(long began, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_look, _time);
        for (long sent = 0; sent < _options.MessagesPerConnection;)
        {
            long due = Math.Min(_options.MessagesPerConnection, 1 + (long)(_time.GetElapsedTime(began).TotalSeconds * _options.Rate));
            for (; sent < due; sent++)
            {
                long number = _history.Sending();
                SendOutcome outcome = await _client.SendAsync(SoakText.Make(_number, number, _options.SizeBytes), s_accepted, cancellationToken);
                if (outcome == SendOutcome.Accepted) { continue; }
                _history.NotSent(number);
                _note($"Connection {_number}: message {number} was not accepted: {outcome}.");
                return;
            }
            if (sent < _options.MessagesPerConnection) { await timer.WaitForNextTickAsync(cancellationToken); }
        }
    }

    /// <summary>Waits for the last echoes; without a session there are none.</summary>
    private async Task UntilEchoedAsync(CancellationToken cancellationToken)
    {
        long began = _time.GetTimestamp();
        using var timer = new PeriodicTimer(s_look, _time);
        while (_history.OnTheWay > 0 && _client.SessionId is not null && _time.GetElapsedTime(began) < _options.DelayMax) { await timer.WaitForNextTickAsync(cancellationToken); }
    }

    private async Task CycleAsync(long began, CancellationToken done)
    {
        using var timer = new PeriodicTimer(s_look, _time);
        try
        {
            while (_cycles < _options.Cycles)
            {
                TimeSpan due = _options.SendingTime * ((_cycles + 1.0) / (_options.Cycles + 1.0));
                if (_time.GetElapsedTime(began) < due || !_client.IsConnected) { await timer.WaitForNextTickAsync(done); }
                else if (await TryCycleAsync(done)) { _cycles++; }
            }
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // There was no more time for them.
        }
        if (_cycles < _options.Cycles) { _note($"Connection {_number}: only {_cycles} of {_options.Cycles} cycles came to their end."); }
    }

    private async Task<bool> TryCycleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _client.CycleAsync(cancellationToken);
            return true;
        }
        catch (EitException failed) when (failed.IsTransient) { return false; }
    }

    private void Count(EitStateChange change)
    {
        // Events come one at a time.
        if (change.Previous == EitConnectionState.Connected) { _cutAt = _time.GetTimestamp(); }
        if (change is { Previous: EitConnectionState.Dialing, Current: EitConnectionState.Waiting }) { _failedDials++; }
        if (change is not { Current: EitConnectionState.Connected, IsResumed: true }) { return; }
        _resumes++;
        long outage = _time.GetElapsedTime(_cutAt).Ticks;
        if (outage > _longestOutage) { Interlocked.Exchange(ref _longestOutage, outage); }
    }

    private void CheckEnd(EitSessionEnded ended)
    {
        if (_isFinished && ended.Code == CloseCode.Closed) { return; }
        _note($"Connection {_number}: its session ended with {ended.Code}: {ended.Reason}");
    }
}
