using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.ExceptionServices;
using Eit.Link;
using Eit.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace Eit.Server.Channels;

/// <summary>The channels of this server. All members are safe from any thread.</summary>
/// <remarks>A channel is known by the whole path that its sessions connected to (<see cref="EitSession.Path"/>), compared by its letters; a slash at the end does not count.</remarks>
public sealed partial class EitChannels
{
    private static readonly Meter s_meter = new("Eit.Server");
    private static readonly Counter<long> s_failedCount = s_meter.CreateCounter<long>("eit.server.channels.handlers_failed", unit: null, "How often a channel's handler has thrown.");
    private static readonly Counter<long> s_hangingCount = s_meter.CreateCounter<long>("eit.server.channels.handlers_hanging", unit: null, "How often a channel's handler has taken longer than its time-out.");

    private readonly ConcurrentDictionary<string, EitChannel> _paths = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly EitSessions _sessions;
    private readonly ILogger _logger;
    private TaskCompletionSource? _empty;
    private long _handlersFailed;
    private long _handlersHanging;

    /// <summary>Makes an empty registry; the container does.</summary>
    /// <param name="sessions">The sessions of this server.</param>
    /// <param name="logger">Where it logs.</param>
    public EitChannels(EitSessions sessions, ILogger<EitChannels> logger)
    {
        ArgumentNullException.ThrowIfNull(sessions);
        (_sessions, _logger) = (sessions, logger);
    }

    /// <summary>Tells that a channel has been deleted, before another may be created there.</summary>
    internal event Action<string>? ChannelDeleted;

    /// <summary>Gets how many channels there are.</summary>
    public int Count => _paths.Values.Count(static channel => channel.Handler is not null);

    /// <summary>Gets how often a channel's handler has thrown, refusals excepted; also the counter <c>eit.server.channels.handlers_failed</c> of the meter <c>Eit.Server</c>.</summary>
    public long HandlersFailed => Interlocked.Read(ref _handlersFailed);

    /// <summary>Gets how often a channel's handler has taken longer than <see cref="EitChannelOptions.HandlerTimeout"/>; also the counter <c>eit.server.channels.handlers_hanging</c>.</summary>
    public long HandlersHanging => Interlocked.Read(ref _handlersHanging);

    internal EitChannelOptions Options => _sessions.Options.Channels;

    internal DeadlineWheel Wheel => _sessions.Wheel;

    internal Task? Death => _sessions.Death;

    internal IServiceProvider Services => _sessions.Services;

    /// <summary>Lists the paths of the channels as they are now, in no order.</summary>
    public IReadOnlyList<string> List() => [.. _paths.Values.Where(static channel => channel.Handler is not null).Select(static channel => channel.Path)];

    /// <summary>Tells whether there is a channel: from when its handler is asked to create it until it has deleted it.</summary>
    /// <param name="path">The path.</param>
    public bool Exists(string path) => Find(path) is not null;

    /// <summary>Lists the members of a channel in the order in which they came, those whose transport is lost included; empty if there is no such channel.</summary>
    /// <param name="path">The path.</param>
    public IReadOnlyList<EitSession> GetConnectionsByChannel(string path) => Find(path)?.Members ?? [];

    /// <summary>Tells whether a user is a member of a channel, in however many sessions, and also while all of them wait for their client.</summary>
    /// <param name="path">The path.</param>
    /// <param name="user">The user: <see cref="EitSession.User"/>.</param>
    public bool IsUserConnected(string path, string user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return GetConnectionsByChannel(path).Any(member => string.Equals(member.User, user, StringComparison.Ordinal));
    }

    /// <summary>Sends a text to the members of a channel. It is encoded and held once; nobody waits for a slow or silent member.</summary>
    /// <param name="path">The path.</param>
    /// <param name="message">The text; well-formed Unicode.</param>
    /// <param name="except">A member that does not get it; null for none.</param>
    /// <param name="options">As for <see cref="EitSessions.Broadcast(string, IEnumerable{EitSession}?, Eit.Link.SendOptions?)"/>.</param>
    /// <returns>How many have taken it over, and which have not. What is broadcast from a channel's handlers reaches all members in the same order.</returns>
    /// <exception cref="ArgumentException">The text is not well-formed Unicode.</exception>
    public BroadcastResult Broadcast(string path, string message, EitSession? except = null, SendOptions? options = null) =>
        _sessions.Broadcast(message, MembersBut(path, except), options);

    /// <summary>Sends bytes to the members of a channel. They are held once; nobody waits for a slow or silent member.</summary>
    /// <param name="path">The path.</param>
    /// <param name="message">The bytes; copied.</param>
    /// <param name="except">A member that does not get them; null for none.</param>
    /// <param name="options">As for <see cref="EitSessions.Broadcast(string, IEnumerable{EitSession}?, Eit.Link.SendOptions?)"/>.</param>
    /// <returns>As for a text.</returns>
    public BroadcastResult Broadcast(string path, ReadOnlyMemory<byte> message, EitSession? except = null, SendOptions? options = null) =>
        _sessions.Broadcast(message, MembersBut(path, except), options);

    /// <summary>Runs work in the order of a path, between the events of its channel, and waits for it. Works without a channel too: then a connect waits for the work.</summary>
    /// <param name="path">The path.</param>
    /// <param name="work">The work; a call of this kind in it fails.</param>
    /// <param name="cancellationToken">Takes the work out of the queue; work that has begun is not cancelled.</param>
    /// <returns>Completes with the work, and fails with what it throws: nothing of that is logged or counted.</returns>
    /// <exception cref="InvalidOperationException">The caller is inside a handler of a channel, of this one or of another. It would wait for itself, or for one that waits for it: use <see cref="Post"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the work began, which does not run then.</exception>
    /// <remarks>How much work waits is the caller's affair: each call waits, and only <see cref="Post"/> is bounded.</remarks>
    public Task RunAsync(string path, Func<ValueTask> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        string wanted = PathOf(path);
        if (ChannelTurn.Current is { } turn)
        {
            string why = turn.Channel.Path == wanted ? "it would wait for itself; what it does is in that channel's order already" : "two that wait for each other would never end";
            throw new InvalidOperationException($"A handler of channel {turn.Channel.Path} ({turn.Call}) can't wait for channel {wanted}: {why}. Use Post to have it done later.");
        }
        return RunInTurnAsync(wanted, work, cancellationToken);
    }

    /// <summary>Hands over work to be run in the order of a path, and does not wait for it. What it throws is logged and counted.</summary>
    /// <param name="path">The path; there need not be a channel.</param>
    /// <param name="work">The work; runs on a pool thread.</param>
    /// <returns>False when <see cref="EitChannelOptions.PostedMax"/> wait there already, and the work is not done.</returns>
    public bool Post(string path, Func<ValueTask> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        string wanted = PathOf(path);
        EitChannel channel;
        Task turn;
        do
        {
            channel = FindOrAdd(wanted);
            if (!channel.TryCountPosted(Options.PostedMax)) { return false; }
        }
        while (!channel.TryQueue(out turn));

        // The work is nobody's: it must not pass for a part of the handler that hands it over.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow()) { _ = PostedAsync(channel, turn, work); }
        return true;
    }

    /// <summary>The path of a channel as it is compared: with a slash at the beginning and none at the end.</summary>
    internal static string PathOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string trimmed = path.TrimEnd('/');
        return trimmed.StartsWith('/') ? trimmed : $"/{trimmed}";
    }

    /// <summary>Queues for the next turn of a path. Whoever gets it has to leave.</summary>
    internal EitChannel Queue(string path, out Task turn)
    {
        while (true)
        {
            EitChannel channel = FindOrAdd(path);
            if (channel.TryQueue(out turn)) { return channel; }
        }
    }

    /// <summary>Finds the channel of a path, or the nearest one above it; null if there is none.</summary>
    internal EitChannel? FindAtOrAbove(string path)
    {
        string at = PathOf(path);
        while (true)
        {
            if (_paths.TryGetValue(at, out EitChannel? channel) && channel.Handler is not null) { return channel; }
            if (at.Length == 1) { return null; }
            at = at[..Math.Max(1, at.LastIndexOf('/'))];
        }
    }

    /// <summary>Forgets a path that is not in use. Called under its gate, so that whoever finds it over does not find it again.</summary>
    internal void Forget(EitChannel channel)
    {
        channel.Release();
        _paths.TryRemove(KeyValuePair.Create(channel.Path, channel));
        if (!_paths.IsEmpty) { return; }
        lock (_gate)
        {
            _empty?.TrySetResult();
            _empty = null;
        }
    }

    /// <summary>Ends when no channel is left and no handler runs.</summary>
    internal Task WhenEmpty()
    {
        lock (_gate)
        {
            // Asked after the source is there: a path that is forgotten meanwhile finds it.
            Task empty = (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return _paths.IsEmpty ? Task.CompletedTask : empty;
        }
    }

    internal void Deleted(EitChannel channel) => ChannelDeleted?.Invoke(channel.Path);

    /// <summary>Turns a session away, before any of its messages.</summary>
    internal void Refuse(EitSession session, Exception refusal)
    {
        bool isWanted = refusal is EitChannelRefusedException;
        string reason = isWanted ? refusal.Message : "The channel could not be created.";
        if (MayLog(LogLevel.Information, nameof(Log.ChannelRefused), $"{session.PrincipalKey} at {session.Channel}")) { Log.ChannelRefused(_logger, session.Id, PeerText.Harmless(session.Channel), reason); }
        session.Abort(isWanted ? CloseCode.Forbidden : CloseCode.HandlerFailed, reason);
    }

    internal void MessageFailed(EitSession session)
    {
        if (_sessions.Options.ClosesOnHandlerFailure) { session.Abort(CloseCode.HandlerFailed, "A handler failed."); }
    }

    internal void Report(EitChannel channel, ChannelCall call, Exception failure)
    {
        Interlocked.Increment(ref _handlersFailed);
        s_failedCount.Add(1, new KeyValuePair<string, object?>("call", call));
        if (MayLog(LogLevel.Error, nameof(Log.ChannelHandlerThrew), $"{channel.Path} at {call}: {failure.GetType().Name}, {failure.Message}")) { Log.ChannelHandlerThrew(_logger, failure, PeerText.Harmless(channel.Path), call); }
    }

    internal void ReportHanging(EitChannel channel, ChannelCall call)
    {
        Interlocked.Increment(ref _handlersHanging);
        s_hangingCount.Add(1, new KeyValuePair<string, object?>("call", call));
        if (MayLog(LogLevel.Warning, nameof(Log.ChannelHandlerHangs), $"{channel.Path} at {call}")) { Log.ChannelHandlerHangs(_logger, PeerText.Harmless(channel.Path), call, Options.HandlerTimeout); }
    }

    /// <summary>What a client can make happen again and again is not a line each time.</summary>
    private bool MayLog(LogLevel level, string kind, string source) => _sessions.Wheel.LimitedLog.MayWrite(_logger, level, kind, source);

    private EitChannel? Find(string path) => _paths.TryGetValue(PathOf(path), out EitChannel? channel) && channel.Handler is not null ? channel : null;

    private EitChannel FindOrAdd(string path) => _paths.GetOrAdd(path, static (path, owner) => new EitChannel(owner, path), this);

    private IEnumerable<EitSession> MembersBut(string path, EitSession? except)
    {
        IReadOnlyList<EitSession> members = GetConnectionsByChannel(path);
        return except is null ? members : members.Where(member => !ReferenceEquals(member, except));
    }

    private async Task RunInTurnAsync(string path, Func<ValueTask> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EitChannel channel = Queue(path, out Task turn);
        try { await turn.WaitAsync(cancellationToken).ConfigureAwait(false); }
        catch (OperationCanceledException)
        {
            if (!channel.TryWithdraw(turn))
            {
                await turn.ConfigureAwait(false);                  // It comes at this moment, and is given on.
                channel.Leave();
            }
            throw;
        }
        Exception? failure;
        try { failure = await channel.TryAsync(ChannelCall.Work, work, static work => work()).ConfigureAwait(false); }
        finally { channel.Leave(); }
        if (failure is not null) { ExceptionDispatchInfo.Throw(failure); }
    }

    private static async Task PostedAsync(EitChannel channel, Task turn, Func<ValueTask> work)
    {
        await turn.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            channel.UncountPosted();
            await channel.CallAsync(ChannelCall.Work, work, static work => work()).ConfigureAwait(false);
        }
        finally { channel.Leave(); }
    }
}
