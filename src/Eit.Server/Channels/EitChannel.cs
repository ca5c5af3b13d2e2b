using Eit.Backoff;
using Eit.Link;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server.Channels;

/// <summary>One path: whose turn it is there, and the channel while there is one.</summary>
/// <remarks>
/// Turns are given one at a time, in the order in which they were asked for; a session asks for one at a time. Creation, deletion and membership are steps within a turn, so no two of them meet; that is why a
/// connect that comes while the channel is being deleted simply finds none when its turn has come, and creates it. The gate covers the lists, never user code.
/// </remarks>
internal sealed class EitChannel
{
    private readonly EitChannels _owner;
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private readonly List<EitSession> _members = [];
    private readonly DeadlineEntry _patience;
    private volatile ChannelLife? _life;
    private volatile ChannelTurn? _running;
    private EitSession[]? _listed = [];
    private Turns _turns;
    private int _posted;

    internal EitChannel(EitChannels owner, string path)
    {
        (_owner, Path) = (owner, path);
        _patience = owner.Wheel.Register(static channel => ((EitChannel)channel!).LookAtRunning(), this);
    }

    private enum Turns
    {
        Free,
        Taken,
        Over,
    }

    internal string Path { get; }

    /// <summary>Gets who is called for what happens here; null while there is no channel.</summary>
    internal EitChannelHandler? Handler => _life?.Handler;

    /// <summary>Gets the members, in the order in which they came.</summary>
    internal IReadOnlyList<EitSession> Members
    {
        get
        {
            lock (_gate) { return _listed ??= [.. _members]; }
        }
    }

    /// <summary>Queues for a turn. Whoever gets one has to <see cref="Leave"/>; whoever does not want it any more has to <see cref="TryWithdraw"/>.</summary>
    /// <param name="turn">Ends when the turn has come; never fails.</param>
    /// <returns>False when this path is no longer in use; its owner has forgotten it already.</returns>
    internal bool TryQueue(out Task turn)
    {
        turn = Task.CompletedTask;
        lock (_gate)
        {
            if (_turns == Turns.Over) { return false; }
            if (_turns == Turns.Taken)
            {
                var place = new LinkedListNode<TaskCompletionSource>(null!);
                place.Value = new TaskCompletionSource(place, TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.AddLast(place);
                turn = place.Value.Task;
            }
            _turns = Turns.Taken;
            return true;
        }
    }

    /// <summary>Leaves the queue before the turn has come.</summary>
    /// <param name="turn">What <see cref="TryQueue"/> has given; it never ends then.</param>
    /// <returns>False when the turn has come, or comes now: it has to be left.</returns>
    internal bool TryWithdraw(Task turn)
    {
        lock (_gate)
        {
            if (turn.AsyncState is not LinkedListNode<TaskCompletionSource> { List: not null } place) { return false; }
            _waiting.Remove(place);
            return true;
        }
    }

    /// <summary>Ends the turn: the next one begins, on another thread. The last one out of a path without a channel ends the path.</summary>
    internal void Leave()
    {
        LinkedListNode<TaskCompletionSource>? next;
        lock (_gate)
        {
            next = _waiting.First;
            if (next is not null) { _waiting.RemoveFirst(); }
            else
            {
                _turns = _life is null ? Turns.Over : Turns.Free;
                if (_turns == Turns.Over) { _owner.Forget(this); }
            }
        }
        next?.Value.SetResult();
    }

    /// <summary>Counts a piece of work that is handed over without anybody waiting for it, unless there are too many.</summary>
    internal bool TryCountPosted(int max)
    {
        if (Interlocked.Increment(ref _posted) <= max) { return true; }
        Interlocked.Decrement(ref _posted);
        return false;
    }

    internal void UncountPosted() => Interlocked.Decrement(ref _posted);

    /// <summary>Lets a session in, in a turn; creates the channel if there is none.</summary>
    /// <returns>Null, or why the session is not a member.</returns>
    internal async ValueTask<Exception?> JoinAsync(EitSession session, Func<IServiceProvider, MadeChannelHandler> makeHandler)
    {
        if (_life is null && await CreateAsync(makeHandler).ConfigureAwait(false) is { } refusal) { return refusal; }
        lock (_gate)
        {
            _members.Add(session);
            _listed = null;
        }
        Exception? failure = await TryAsync(ChannelCall.Connect, (Handler!, session), static x => x.Item1.OnConnectAsync(x.session)).ConfigureAwait(false);
        if (failure is not EitChannelRefusedException)
        {
            if (failure is not null) { _owner.Report(this, ChannelCall.Connect, failure); }
            return null;
        }
        await RemoveAsync(session, end: null).ConfigureAwait(false);
        return failure;
    }

    /// <summary>Lets a member go, in a turn; deletes the channel when it was the last.</summary>
    internal ValueTask LeaveAsync(EitSession session, EitSessionEnd end) => RemoveAsync(session, end);

    /// <summary>Calls user code, in a turn, and reports what it throws.</summary>
    internal async ValueTask<Exception?> CallAsync<T>(ChannelCall call, T argument, Func<T, ValueTask> run)
    {
        Exception? failure = await TryAsync(call, argument, run).ConfigureAwait(false);
        if (failure is not null) { _owner.Report(this, call, failure); }
        return failure;
    }

    /// <summary>Calls user code, in a turn, and watches that it ends.</summary>
    /// <returns>What it has thrown; null if nothing.</returns>
    internal async ValueTask<Exception?> TryAsync<T>(ChannelCall call, T argument, Func<T, ValueTask> run)
    {
        if (_owner.Death is { } death) { await death.ConfigureAwait(false); }
        Instant now = _owner.Wheel.Now;
        var turn = new ChannelTurn(this, call, now);
        turn.Begin();
        _running = turn;
        _patience.Set(now + _owner.Options.HandlerTimeout);
        try
        {
            await run(argument).ConfigureAwait(false);
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
        finally
        {
            turn.End();
            _running = null;
            _patience.Set(Instant.Never);
        }
    }

    /// <summary>Lets the deadline go. Called under the gate, by the last turn.</summary>
    internal void Release() => _patience.Dispose();

    private async ValueTask<Exception?> CreateAsync(Func<IServiceProvider, MadeChannelHandler> makeHandler)
    {
        AsyncServiceScope scope = _owner.Services.CreateAsyncScope();
        Exception? failure = await TryAsync(
            ChannelCall.Created,
            (Channel: this, scope, makeHandler),
            static x =>
            {
                x.Channel._life = new ChannelLife(x.makeHandler(x.scope.ServiceProvider), x.scope);
                return x.Channel.Handler!.OnChannelCreatedAsync(x.Channel.Path);
            }).ConfigureAwait(false);
        if (failure is null) { return null; }
        if (failure is not EitChannelRefusedException) { _owner.Report(this, ChannelCall.Created, failure); }
        if (_life is null) { await scope.DisposeAsync().ConfigureAwait(false); }
        else { await EndLifeAsync().ConfigureAwait(false); }
        return failure;
    }

    private async ValueTask RemoveAsync(EitSession session, EitSessionEnd? end)
    {
        bool isEmpty;
        lock (_gate)
        {
            _members.Remove(session);
            _listed = null;
            isEmpty = _members.Count == 0;
        }
        if (end is not null) { await CallAsync(ChannelCall.Disconnect, (Handler!, session, end), static x => x.Item1.OnDisconnectAsync(x.session, x.end)).ConfigureAwait(false); }
        if (!isEmpty) { return; }
        await CallAsync(ChannelCall.Deleted, (Handler!, Path), static x => x.Item1.OnChannelDeletedAsync(x.Path)).ConfigureAwait(false);
        await EndLifeAsync().ConfigureAwait(false);
    }

    private async ValueTask EndLifeAsync()
    {
        ChannelLife life = _life!;
        _life = null;
        _owner.Deleted(this);
        await CallAsync(ChannelCall.Deleted, life, static life => life.EndAsync()).ConfigureAwait(false);
    }

    private void LookAtRunning()
    {
        if (_running is { } turn && turn.HangsSince(_owner.Options.HandlerTimeout, _owner.Wheel.Now)) { _owner.ReportHanging(this, turn.Call); }
    }
}
