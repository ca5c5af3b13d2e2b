using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Faults.Tests;

/// <summary>A client that talks with <c>Eit.TestServer</c>: numbered messages both ways, at their pace, whatever happens; and what came of it.</summary>
internal sealed class Talk : IAsyncDisposable
{
    private const int StoryMax = 100;

    private readonly string _name;
    private readonly TalkOptions _options;
    private readonly ConcurrentQueue<TaskCompletionSource> _asked = new();
    private readonly ConcurrentDictionary<long, TaskCompletionSource> _open = new();
    private readonly List<Task<SendOutcome>> _told = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<long> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Sequence> _heard = [new()];
    private readonly ConcurrentQueue<(TimeSpan At, string What)> _story = new();
    private Task _talking = Task.CompletedTask;
    private SendOutcome[] _outcomes = [];
    private long _lastDown;
    private bool _isClosing;

    internal Talk(string name, EitConnectionOptions connection, TalkOptions options)
    {
        (_name, _options) = (name, options);
        connection.Url = new Uri($"{connection.Url}?pace={options.Pace.TotalMilliseconds}&size={options.SizeChars}");
        Client = new EitConnection(connection);
        Client.OnMessage(Hear);
        Client.SessionEnded += (_, _) => BeginAnew();
        Client.StateChanged += (_, change) => Note($"{change.Current}: {change.Reason}");
    }

    internal EitConnection Client { get; }

    /// <summary>What it went through lately, each with its time since the machine's start.</summary>
    internal IEnumerable<(TimeSpan At, string What)> Story => _story;

    /// <summary>How many sessions have ended, the last one's planned end aside.</summary>
    internal int SessionsEnded => _heard.Count - 1;

    internal async Task StartAsync()
    {
        await Client.StartAsync().Soon();
        _talking = TalkAsync();
    }

    /// <summary>Asks the server, and waits for its answer: everything that was sent before has then come, too, both ways.</summary>
    /// <returns>How long it took.</returns>
    internal async Task<TimeSpan> AskAsync()
    {
        long began = Stopwatch.GetTimestamp();
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked.Enqueue(answered);
        await answered.Task.Soon();
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Note(string.Create(CultureInfo.InvariantCulture, $"answered after {took.TotalMilliseconds:F0} ms"));
        return took;
    }

    /// <summary>Ends the talk.</summary>
    internal async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _talking.Soon();
        await SendAsync("stop").Soon();
        _lastDown = await _end.Task.Soon();
        _outcomes = await Task.WhenAll(_told).Soon();
        _isClosing = true;
        await Client.CloseAsync().Soon();
    }

    /// <summary>Compares what was sent with what came, when the talk has ended.</summary>
    /// <param name="processed">All that the server says it has handled, of all talks.</param>
    internal Finding Judge(IEnumerable<string> processed)
    {
        var handled = new Sequence();
        foreach (string text in processed)
        {
            string[] words = text.Split(' ');
            if (words[0] == _name) { handled.Add(long.Parse(words[1], CultureInfo.InvariantCulture)); }
        }
        int lostUp = _outcomes.Where((outcome, index) => !handled.Has(index + 1) && (outcome == SendOutcome.Processed || SessionsEnded == 0)).Count();
        int untrue = _outcomes.Where((outcome, index) => handled.Has(index + 1) && outcome == SendOutcome.NotSent).Count();
        long lostDown = _heard[..^1].Sum(static heard => heard.Lost()) + _heard[^1].Lost(_lastDown);
        return new Finding(
            _outcomes.Length,
            _heard.Sum(static heard => heard.Count),
            lostUp + lostDown,
            handled.Duplicated + _heard.Sum(static heard => heard.Duplicated),
            handled.Disordered + _heard.Sum(static heard => heard.Disordered),
            untrue,
            SessionsEnded);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _talking;
        await Client.DisposeAsync();
        _stop.Dispose();
    }

    private void Note(string what)
    {
        _story.Enqueue((Stopwatch.GetElapsedTime(0), $"{_name} {what}"));
        while (_story.Count > StoryMax) { _story.TryDequeue(out _); }
    }

    private async Task TalkAsync()
    {
        using var timer = new PeriodicTimer(_options.Pace);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (_asked.TryDequeue(out TaskCompletionSource? answered))
                {
                    _open[_told.Count + 1] = answered;
                    await SendAsync("?");
                }
                else { await SendAsync("-"); }
            }
        }
        catch (OperationCanceledException)
        {
            // The talk is over.
        }
    }

    /// <summary>Sends a message, and ends when it is taken over: who begins the next one before that gives up their order.</summary>
    private async Task SendAsync(string word)
    {
        var receipt = new SendReceipt();
        string text = string.Create(CultureInfo.InvariantCulture, $"{_name} {_told.Count + 1} {word} ").PadRight(_options.SizeChars, 'x');
        SendOutcome outcome = await Client.SendAsync(text, new SendOptions { CompleteWhen = CompleteWhen.Accepted, Receipt = receipt });
        _told.Add(outcome == SendOutcome.Accepted ? receipt.Outcome : Task.FromResult(outcome));
    }

    private void Hear(string text)
    {
        string[] words = text.Split(' ');
        long number = long.Parse(words[0], CultureInfo.InvariantCulture);
        _heard[^1].Add(number);
        if (words[1] == "end") { _end.TrySetResult(number); }
        if (words[1].StartsWith('!') && _open.TryRemove(long.Parse(words[1].AsSpan(1), CultureInfo.InvariantCulture), out TaskCompletionSource? answered)) { answered.TrySetResult(); }
    }

    /// <summary>What was asked in a session that is over may never be answered.</summary>
    private void BeginAnew()
    {
        if (_isClosing) { return; }
        _heard.Add(new Sequence());
        foreach (long number in _open.Keys)
        {
            if (_open.TryRemove(number, out TaskCompletionSource? answered)) { _asked.Enqueue(answered); }
        }
    }
}
