using System.Collections.Concurrent;
using Eit.Backoff;
using Eit.Cli.Connect;
using Eit.Link;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Cli.Serve.Exec;

/// <summary>An endpoint that a command serves: one process at a time, which is told what happens, a line each, and says what is to be done, a line each.</summary>
/// <remarks>Nothing is queued for the command. Who has something to tell waits for its turn and until the command has taken what is before it, so that a command that stops reading stops its
/// clients from sending. While there is no process, messages wait; the next one is told of all connections first.</remarks>
internal sealed class ExecEndpoint : IAsyncDisposable
{
    private const int WaitingBytesMin = 1024 * 1024;
    private const int EscapeBytesMax = 6;                          // \u0000 is one character of a text
    private const int LineBytesMore = 64 * 1024;

    private static readonly TimeSpan s_stuckAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_waitMin = TimeSpan.FromMilliseconds(10);

    private readonly ServeEndpoint _endpoint;
    private readonly ServeConfig _config;
    private readonly EitSessions _sessions;
    private readonly ServeCounters _counters;
    private readonly ServeLog _log;
    private readonly TimeProvider _time;
    private readonly RedialSchedule _restarts;
    private readonly ConcurrentDictionary<string, ExecMember> _members = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);                 // Who has it writes, or changes the two below.
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private ExecProcess? _process;
    private TaskCompletionSource _up = NewSource();
    private Task _running = Task.CompletedTask;

    internal ExecEndpoint(ServeEndpoint endpoint, ServeConfig config, EitSessions sessions, ServeCounters counters, ServeLog log, TimeProvider time)
    {
        (_endpoint, _config, _sessions, _counters, _log, _time) = (endpoint, config, sessions, counters, log, time);
        _restarts = new RedialSchedule(new RedialOptions(), new SeededJitter((ulong)time.GetTimestamp())) { Spread = TimeSpan.Zero };
        _stopping = _stop.Token;
    }

    internal void Start() => _running = RunAsync();

    /// <summary>Takes a connection in.</summary>
    internal async ValueTask<ExecMember> JoinAsync(EitSession session)
    {
        var member = new ExecMember(session, Math.Max(WaitingBytesMin, _config.MessageBytesMax));
        await InTurnAsync(async () =>
        {
            _members[session.Id.ToString()] = member;
            if (_process is { } process) { await TryWriteAsync(process, ExecEvent.Connect(session)); }   // Else the next one is told.
        });
        return member;
    }

    /// <summary>Lets a connection go.</summary>
    internal ValueTask LeaveAsync(EitSession session, EitSessionEnd end) => InTurnAsync(async () =>
    {
        bool isMember = _members.TryRemove(session.Id.ToString(), out _);
        if (isMember && _process is { } process) { await TryWriteAsync(process, ExecEvent.Disconnect(session, end)); }
    });

    /// <summary>Gives the command a line; completes when the command has it, however long that takes.</summary>
    internal async ValueTask TellAsync(ReadOnlyMemory<byte> line)
    {
        bool isTold = false;
        while (!isTold && !_stopping.IsCancellationRequested)
        {
            Task up = Task.CompletedTask;
            await InTurnAsync(async () =>
            {
                isTold = _process is { } process && await TryWriteAsync(process, line);
                up = _up.Task;
            });
            await up.WaitAsync(_stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            TimeSpan wait;
            try
            {
                using ExecProcess process = ExecProcess.Start(_endpoint.Command!, _endpoint.Folder, _config.Control);
                _counters.ExecStarted();
                _log.ExecStarted(_endpoint.Path, process.Id);
                _restarts.Connected(Now);
                int exitCode = await ServeAsync(process);
                if (_stopping.IsCancellationRequested) { return; }
                wait = NextWait();
                _log.ExecEnded(_endpoint.Path, exitCode, wait.TotalMilliseconds);
            }
            catch (IOException failure)
            {
                wait = NextWait();
                _log.ExecFailed(_endpoint.Path, failure.Message);
            }
            await WaitAsync(wait);
        }
    }

    private static Instant Now => DeadlineWheel.Shared.Now;

    private TimeSpan NextWait() => TimeSpan.FromTicks(Math.Max(s_waitMin.Ticks, _restarts.NextWait(RedialCause.Failure, hint: null, Now).Ticks));

    private async Task WaitAsync(TimeSpan wait)
    {
        using var timer = new PeriodicTimer(wait, _time);
        try { await timer.WaitForNextTickAsync(_stopping); }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>Serves with one process, until it has ended or the server stops.</summary>
    private async Task<int> ServeAsync(ExecProcess process)
    {
        Task acting = ActAsync(process);                           // First: a command may answer while it is told who is there.
        await InTurnAsync(() => TellMembersAsync(process));
        await using (_stopping.UnsafeRegister(static input => ((Stream)input!).Dispose(), process.Input)) { await EndAsync(process, acting); }
        int exitCode = await process.EndedAsync();
        await _turn.WaitAsync();
        SetDown();
        _turn.Release();
        return exitCode;
    }

    /// <summary>Waits until the command has ended, or the server stops and it has had time to read what is in its input; what it has written is read, for a while. A command may close its
    /// output and go on.</summary>
    private async Task EndAsync(ExecProcess process, Task acting)
    {
        Task ended = process.EndedAsync();
        await ended.WaitAsync(_stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(acting, ended).WaitAsync(s_endLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        process.Kill();
        await acting.WaitAsync(s_endLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task TellMembersAsync(ExecProcess process)
    {
        _process = process;
        foreach (ExecMember member in _members.Values)
        {
            if (!await TryWriteAsync(process, ExecEvent.Connect(member.Session))) { return; }
        }
        _up.TrySetResult();
    }

    private async ValueTask InTurnAsync(Func<Task> act)
    {
        try { await _turn.WaitAsync(_stopping); }
        catch (OperationCanceledException) { return; }             // Nobody is told any more.
        try { await act(); }
        finally { _turn.Release(); }
    }

    /// <summary>Writes a line, in turn.</summary>
    /// <returns>False if the process does not have all of it, and gets nothing more.</returns>
    private async Task<bool> TryWriteAsync(ExecProcess process, ReadOnlyMemory<byte> line)
    {
        try
        {
            await process.Input.WriteAsync(line, CancellationToken.None).AsTask().WaitAsync(s_stuckAfter, _time, _stopping);
            return true;
        }
        catch (TimeoutException)
        {
            _log.ExecFailed(_endpoint.Path, $"it has read nothing for {s_stuckAfter.TotalSeconds} s");
            process.Kill();
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Who reads its output sees its end, too.
        }
        SetDown();
        return false;
    }

    private void SetDown()
    {
        _process = null;
        if (_up.Task.IsCompleted) { _up = NewSource(); }
    }

    /// <summary>Does what the command says, until it closes its output.</summary>
    private async Task ActAsync(ExecProcess process)
    {
        var lines = new LineSource(process.Output, (_config.MessageBytesMax * EscapeBytesMax) + LineBytesMore);
        try
        {
            while (await lines.NextAsync(CancellationToken.None) is { } line)
            {
                try { await DoAsync(ExecAction.Parse(line)); }
                catch (Exception wrong) when (wrong is FormatException or ArgumentException) { _log.ExecLineWrong(_endpoint.Path, wrong.Message); }
            }
        }
        catch (FormatException tooLong)
        {
            _log.ExecFailed(_endpoint.Path, $"a line of its output {tooLong.Message}");
            process.Kill();
        }
        catch (IOException)
        {
            // It has ended.
        }
    }

    private async ValueTask DoAsync(ExecAction action)
    {
        if (action.Kind == ExecActionKind.Broadcast)
        {
            Broadcast(action);
            return;
        }
        if (!_members.TryGetValue(action.Id!, out ExecMember? member)) { _log.ExecMissed(_endpoint.Path, action.Id!); }
        else if (action.Kind == ExecActionKind.Close)
        {
            _ = CloseAsync(member, action.Reason ?? "The server has closed the connection.");
        }
        else if (!await member.OfferAsync(action.Message)) { CloseTooSlow(member); }
    }

    /// <summary>Closes a connection behind what was sent to it; a closing one ends by itself.</summary>
    private async Task CloseAsync(ExecMember member, string reason)
    {
        await member.Drained.WaitAsync(s_endLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await member.Session.CloseAsync(CloseCode.Closed, CloseCodes.ToReason(reason), s_endLimit);
    }

    private void Broadcast(ExecAction action)
    {
        ExecMember[] to = [.. _members.Values.Where(member => (action.Channel is null || member.Session.Path.TrimEnd('/') == action.Channel) && member.Session.Id.ToString() != action.Except)];
        List<ExecMember> waiting = [.. to.Where(static member => !member.Drained.IsCompleted)];
        BroadcastResult result = action.Message.Broadcast(_sessions, to.Except(waiting).Select(static member => member.Session));
        HashSet<EitSession> refused = [.. result.Refused];
        waiting.AddRange(to.Where(member => refused.Contains(member.Session)));
        foreach (ExecMember member in waiting)
        {
            if (!member.Wait(action.Message)) { CloseTooSlow(member); }
        }
    }

    private void CloseTooSlow(ExecMember member)
    {
        _log.ExecClientTooSlow(_endpoint.Path, member.Session.Id.ToString());
        member.Session.Abort(CloseCode.TooSlow, "It does not take what is sent to it.");
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
