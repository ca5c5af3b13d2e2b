using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Eit.Connection;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Testing.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.Testing;

/// <summary>A server and its clients in one process, without sockets and in virtual time: the real <see cref="EitConnection"/> against the real ASP.NET Core pipeline with the real sessions.</summary>
/// <remarks>
/// <para>The time of the world stands still until it is advanced; before and after each timer the world waits until everything has come to rest. Everything that takes the world's
/// <see cref="Time"/> belongs to it: handlers on the server find it as the <see cref="TimeProvider"/> of their services. What waits for real time, a file or another server is not seen:
/// wait for it before the time goes on.</para>
/// <para>The seed decides the jitter of clients, sessions and networks, and what is drawn from <see cref="Random"/>. It does not decide the ids of sessions and instances, nor the order of what
/// happens at the same moment on two threads.</para>
/// <para>All members are safe from any thread. One at a time can advance the time.</para>
/// </remarks>
public sealed class EitTestWorld : IAsyncDisposable
{
    /// <summary>The host in the addresses of the server.</summary>
    public const string Host = "world.test";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(5);   // Of real time, for each step of an end that is not waited for in peace.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1);   // For what comes after the last time-out.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    private static readonly Lazy<Task> s_warmUp = new(() => Task.Run(WarmUpAsync));

    private readonly EitTestWorldOptions _options;
    private readonly Action<WebApplication> _map;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _advancing = new(1);
    private readonly List<ClientEnd> _clients = [];
    private readonly List<ClientEnding> _endings = [];
    private readonly List<ServerProcess> _processes = [];          // That are not disposed of; of these at most one runs.
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Random _seeds;
    private ServerProcess? _running;
    private int _networkCount;
    private int _isAdvancing;
    private bool _isStarting;
    private Task? _end;

    private EitTestWorld(Action<WebApplication> map, EitTestWorldOptions options)
    {
        (_map, _options) = (map, options);
        _seeds = new Random((int)(options.Seed ^ (options.Seed >> 32)));
        Random = new Random(_seeds.Next());
        QuietWatch = new QuietWatch(options.BusyLimit);
        Clock = new ManualTimeProvider { Used = QuietWatch.Beat };
        Network = AddNetwork();
    }

    /// <summary>Gets the world's clock, for everything that takes a <see cref="TimeProvider"/>. It begins at 1 January 2026, 0:00 UTC, is moved by the world alone, and calls timers back on the thread
    /// that does, in the order of their times.</summary>
    public TimeProvider Time => Clock;

    /// <summary>Gets how much of its own time has passed in the world.</summary>
    public TimeSpan Elapsed => Clock.Elapsed;

    /// <summary>Gets chance for the test's own choices, drawn from the seed. Used from one thread at a time.</summary>
    public Random Random { get; }

    /// <summary>Gets the network on which clients are, unless they are given another.</summary>
    public EitTestNetwork Network { get; }

    /// <summary>Gets the services of the server's application.</summary>
    /// <exception cref="InvalidOperationException">No server runs.</exception>
    public IServiceProvider Services
    {
        get
        {
            return Running().Services;
        }
    }

    /// <summary>Gets the sessions of the server.</summary>
    /// <exception cref="InvalidOperationException">No server runs.</exception>
    public EitSessions Sessions => Services.GetRequiredService<EitSessions>();

    internal ManualTimeProvider Clock { get; }

    internal QuietWatch QuietWatch { get; }

    private bool IsEnding => Volatile.Read(ref _end) is not null;

    /// <summary>The server that dials reach; null if none runs.</summary>
    internal MemoryServer? Server
    {
        get
        {
            lock (_gate) { return _running?.Server; }
        }
    }

    /// <summary>Makes a world and starts its server.</summary>
    /// <param name="map">Maps the endpoints and adds middleware, as the application does after <c>builder.Build()</c>. Called for each start of the server.</param>
    /// <param name="options">The rest; null for the defaults. Copied.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    /// <remarks>Fails as the application fails to start.</remarks>
    public static async Task<EitTestWorld> StartAsync(Action<WebApplication> map, EitTestWorldOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        options ??= new EitTestWorldOptions();
        string faults = string.Join(' ', options.Faults());
        if (faults.Length > 0) { throw new ArgumentException(faults, nameof(options)); }
        await s_warmUp.Value.ConfigureAwait(false);
        return await BeginAsync(map, options with { }).ConfigureAwait(false);
    }

    /// <summary>Adds a network, so that some clients have other faults than others.</summary>
    /// <param name="name">What it is called in messages; null: network and its number.</param>
    public EitTestNetwork AddNetwork(string? name = null)
    {
        lock (_gate)
        {
            _networkCount++;
            return new EitTestNetwork(this, name ?? $"network {_networkCount}", (ulong)_seeds.NextInt64());
        }
    }

    /// <summary>Makes a client that has not been started. The world disposes of it, unless somebody does before.</summary>
    /// <param name="path">The path of the endpoint, with its query.</param>
    /// <param name="user">Who the server takes the client for, by name; null: nobody, so that only what <see cref="EitConnectionOptions.TokenProvider"/> gives counts.</param>
    /// <param name="network">Its network; null: <see cref="Network"/>.</param>
    /// <param name="configure">Changes its options.</param>
    /// <param name="loggerFactory">Where it logs; null for nowhere.</param>
    public EitConnection CreateClient(string path, string? user = "user", EitTestNetwork? network = null, Action<EitConnectionOptions>? configure = null, ILoggerFactory? loggerFactory = null)
    {
        var options = new EitConnectionOptions();
        ConfigureClient(options, path, user, network);
        configure?.Invoke(options);
        return new EitConnection(options, loggerFactory);
    }

    /// <summary>Brings a client into the world that the application makes by itself.</summary>
    /// <param name="options">Its options: the address, the clock, the seed and the network are set.</param>
    /// <param name="path">The path of the endpoint, with its query.</param>
    /// <param name="user">As for <see cref="CreateClient"/>.</param>
    /// <param name="network">As for <see cref="CreateClient"/>.</param>
    public void ConfigureClient(EitConnectionOptions options, string path, string? user = "user", EitTestNetwork? network = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/')) { throw new ArgumentException("The path must begin with a slash.", nameof(path)); }
        network ??= Network;
        if (network.World != this) { throw new ArgumentException("The network is another world's.", nameof(network)); }
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsEnding, this);
            options.JitterSeed = (ulong)_seeds.NextInt64();
        }
        options.Url = new Uri($"wss://{Host}{path}");
        options.TimeProvider = Time;
        options.WatchesNetwork = false;
        options.World = new ClientEnd(network, user);
    }

    // ---- Time

    /// <summary>Waits until everything has come to rest, and does not move the time.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">It has not, within <see cref="EitTestWorldOptions.BusyLimit"/> of real time.</exception>
    public Task SettleAsync(CancellationToken cancellationToken = default) => AdvanceAsync(TimeSpan.Zero, cancellationToken);

    /// <summary>Moves the time on: from timer to timer, each when what the one before has led to has come to rest.</summary>
    /// <param name="by">How far; 0 or more.</param>
    /// <param name="cancellationToken">Ends the wait; the time stays where it is then.</param>
    /// <returns>Completes when the time is there, and everything has come to rest.</returns>
    /// <exception cref="TimeoutException">Something does not come to rest within <see cref="EitTestWorldOptions.BusyLimit"/> of real time.</exception>
    /// <exception cref="InvalidOperationException">Somebody advances the time already; or timers are due again at once, for ever: more than 1,000 times at one moment, of which the message names which. The
    /// one that was next is not called any more, and so the time can be moved on.</exception>
    /// <exception cref="ObjectDisposedException">The world ends, perhaps meanwhile.</exception>
    /// <remarks>What the callback of a timer throws comes out here, and the time stays at its moment.</remarks>
    public async Task AdvanceAsync(TimeSpan by, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            TimeSpan target = Elapsed + by;
            await QuietWatch.UntilQuietAsync(cancellationToken).ConfigureAwait(false);
            while (await StepAsync(target, cancellationToken).ConfigureAwait(false)) { }
        }
        finally { Leave(); }
    }

    /// <summary>Moves the time on until a piece of work is complete.</summary>
    /// <param name="work">The work, which belongs to the world: <c>client.StartAsync()</c>.</param>
    /// <param name="limit">By how much at most; null: 5 min.</param>
    /// <exception cref="TimeoutException">It was not complete then; or it waits for what the world does not know.</exception>
    /// <remarks>Fails as the work fails, and as <see cref="AdvanceAsync"/> does.</remarks>
    public async Task RunAsync(Task work, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        await RunUntilAsync(() => work.IsCompleted, limit).ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    /// <summary>Moves the time on until a piece of work is complete.</summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <param name="work">The work, which belongs to the world.</param>
    /// <param name="limit">By how much at most; null: 5 min.</param>
    /// <exception cref="TimeoutException">It was not complete then; or it waits for what the world does not know.</exception>
    public async Task<T> RunAsync<T>(Task<T> work, TimeSpan? limit = null)
    {
        await RunAsync((Task)work, limit).ConfigureAwait(false);
        return await work.ConfigureAwait(false);
    }

    /// <summary>Moves the time on until a piece of work is complete.</summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <param name="work">The work, which belongs to the world: <c>client.SendAsync("hello")</c>.</param>
    /// <param name="limit">By how much at most; null: 5 min.</param>
    /// <exception cref="TimeoutException">It was not complete then; or it waits for what the world does not know.</exception>
    public Task<T> RunAsync<T>(ValueTask<T> work, TimeSpan? limit = null) => RunAsync(work.AsTask(), limit);

    /// <summary>Moves the time on until something is so.</summary>
    /// <param name="condition">Asked whenever everything has come to rest.</param>
    /// <param name="limit">By how much at most; null: 5 min.</param>
    /// <exception cref="TimeoutException">It was not so then; or no timer is left that could change it.</exception>
    public async Task RunUntilAsync(Func<bool> condition, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        TimeSpan most = limit ?? s_limit;
        ArgumentOutOfRangeException.ThrowIfLessThan(most, TimeSpan.Zero, nameof(limit));
        await EnterAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            TimeSpan target = Elapsed + most;
            await QuietWatch.UntilQuietAsync(CancellationToken.None).ConfigureAwait(false);
            while (!condition())
            {
                if (Clock.NextDue is null || !await StepAsync(target, CancellationToken.None).ConfigureAwait(false))
                {
                    throw new TimeoutException(Clock.NextDue is null ? "No timer is left: it waits for what the world does not know." : $"It was not so after {most} of the world's time.");
                }
            }
        }
        finally { Leave(); }
    }

    /// <summary>Does something at a moment of the world's time: a scripted fault.</summary>
    /// <param name="after">When, from now; 0 or more.</param>
    /// <param name="act">What, on the thread that advances the time. What it throws comes out of that. Acts whose moment has not come when the world is disposed of are dropped.</param>
    public void Schedule(TimeSpan after, Action act)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(after, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(act);
        Clock.CreateTimer(Act, act, after, Timeout.InfiniteTimeSpan);
    }

    // ---- The server

    /// <summary>Starts the server, with no sessions. The world has done so at first.</summary>
    /// <exception cref="InvalidOperationException">It runs, or is being started.</exception>
    /// <remarks>Fails as the application fails to start.</remarks>
    public Task StartServerAsync() => StartProcessAsync(replaces: null);

    /// <summary>Stops the server as its host does: clients are asked to move (drain), its sessions are closed, requests that are still open may end, and what is left when the host's
    /// <c>ShutdownTimeout</c> (30 s of the world's time) is up is aborted. The time goes on meanwhile. Dials are refused until it is started again.</summary>
    /// <returns>Completes when its services are disposed of; at once if it is killed meanwhile.</returns>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    /// <remarks>Fails as <see cref="AdvanceAsync"/> does: then it has not stopped, and can still be killed.</remarks>
    public Task StopServerAsync() => StopProcessAsync(Running());

    /// <summary>Lets the server crash: its sessions are gone, its connections are reset, its clock stands still and none of its handlers is called any more. A handler that is running goes on until it
    /// waits for the world: its clock, a send. Dials are refused until it is started again.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public void KillServer()
    {
        ServerProcess dead = Running();
        lock (_gate) { _running = null; }
        dead.Kill();
    }

    /// <summary>Replaces the server as a deployment does: a new one takes the dials, the old one stops as with <see cref="StopServerAsync"/>. The time goes on meanwhile.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public async Task ReplaceServerAsync()
    {
        ServerProcess old = Running();
        await StartProcessAsync(replaces: old).ConfigureAwait(false);
        await StopProcessAsync(old).ConfigureAwait(false);
    }

    /// <summary>Lets the server lose the session of a client, whose transports are cut so that nobody tells it: its redial is welcomed with a new session.</summary>
    /// <param name="client">The client.</param>
    /// <exception cref="InvalidOperationException">The client has no session at the server, or no server runs.</exception>
    public void LoseSession(EitConnection client)
    {
        ArgumentNullException.ThrowIfNull(client);
        EitSession session = SessionOf(client) ?? throw new InvalidOperationException("The client has no session at the server.");
        foreach (MemoryConnection connection in QuietWatch.Connections())
        {
            if (connection.Owner.Connection == client) { connection.Cut(EitTestCut.Reset); }
        }
        session.Abort(CloseCode.SessionLost, "The server has lost the session.");
    }

    /// <summary>Finds the server's end of a client's session; null if there is none.</summary>
    /// <param name="client">The client.</param>
    /// <exception cref="InvalidOperationException">No server runs.</exception>
    public EitSession? SessionOf(EitConnection client)
    {
        ArgumentNullException.ThrowIfNull(client);
        EitSessions sessions = Sessions;
        return client.SessionId is { } id ? sessions.Find(id) : null;
    }

    /// <summary>Drops what is scheduled, disposes of the clients, then kills the server and disposes of its services. The time goes on meanwhile. Idempotent; whoever calls it once more waits too.</summary>
    /// <returns>Completes when everything has ended, or can't be ended, within twice <see cref="EitTestWorldOptions.BusyLimit"/> and 15 s of real time, whatever has failed before.</returns>
    /// <exception cref="TimeoutException">Something does not end; the message says what. All the rest has.</exception>
    /// <remarks>What a timer of the application or the disposal of a service throws meanwhile comes out at the end.</remarks>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _end ??= Task.Run(EndAsync);
            return new ValueTask(_end);
        }
    }

    internal void Made(ClientEnd client)
    {
        lock (_gate) { _clients.Add(client); }
    }

    /// <summary>A client is being disposed of, and waits for its peer and for time-outs: the time goes on until it has ended, but not for longer than its close and its handlers may take.</summary>
    internal async Task EndAsync(ClientEnd client, Task disposing, TimeSpan closeLimit)
    {
        var ending = new ClientEnding(client, disposing, closeLimit + closeLimit + s_margin);
        lock (_gate)
        {
            _clients.Remove(client);
            _endings.Add(ending);
        }
        if (!IsEnding && await EnterUnlessAsync(disposing).ConfigureAwait(false))
        {
            try { await DriveAsync([ending], isPatient: true, Timeout.InfiniteTimeSpan).ConfigureAwait(false); }
            finally { _advancing.Release(); }
        }
        await Task.WhenAny(disposing, _over.Task).ConfigureAwait(false);   // The end of the world moves the time for all.
        lock (_gate) { _endings.Remove(ending); }
        if (disposing.IsCompleted) { await disposing.ConfigureAwait(false); }
    }

    /// <summary>Compiles what a world needs before there is one: else the first one would look as if nothing happened in it, for tens of milliseconds.</summary>
    private static async Task WarmUpAsync()
    {
        await QuietWatch.LearnAsync().ConfigureAwait(false);
        try { await ConverseAsync().ConfigureAwait(false); }
        catch (Exception cold) when (cold is TimeoutException or EitException)
        {
            // It was the first world that it looked so to, and so it is over; what it was to compile is compiled.
        }
    }

    private static async Task ConverseAsync()
    {
        EitTestWorld world = await BeginAsync(static app => app.MapEit("/", static async (session, text) => await session.SendAsync(text).ConfigureAwait(false)), new EitTestWorldOptions()).ConfigureAwait(false);
        try
        {
            EitConnection client = world.CreateClient("/");
            client.OnMessage(static _ => { });
            client.Start();
            await world.RunUntilAsync(() => client.IsConnected).ConfigureAwait(false);
            world.Network.Cut();
            await world.RunAsync(client.SendAsync("warm")).ConfigureAwait(false);
            await world.RunAsync(client.CloseAsync()).ConfigureAwait(false);
        }
        finally { await world.DisposeAsync().ConfigureAwait(false); }
    }

    private static async Task<EitTestWorld> BeginAsync(Action<WebApplication> map, EitTestWorldOptions options)
    {
        var world = new EitTestWorld(map, options);
        await world.StartServerAsync().ConfigureAwait(false);
        return world;
    }

    private ServerProcess Running()
    {
        lock (_gate) { return _running ?? throw new InvalidOperationException("No server runs in the world: it was stopped or killed, and StartServerAsync starts another."); }
    }

    private async Task StartProcessAsync(ServerProcess? replaces)
    {
        ulong jitterSeed;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsEnding, this);
            if (_running != replaces || _isStarting) { throw new InvalidOperationException(_running is null ? "The server is being started, or was stopped or killed meanwhile." : "The server runs already."); }
            (_isStarting, jitterSeed) = (true, (ulong)_seeds.NextInt64());
        }
        try
        {
            ServerProcess started = await ServerProcess.StartAsync(Clock, jitterSeed, _options, _map).ConfigureAwait(false);
            lock (_gate)
            {
                _processes.Add(started);
                _running = started;
            }
        }
        finally
        {
            lock (_gate) { _isStarting = false; }
        }
    }

    private async Task StopProcessAsync(ServerProcess process)
    {
        await RunAsync(process.StopAsync(), process.ShutdownTimeout + s_limit).ConfigureAwait(false);
        lock (_gate)
        {
            if (_running == process) { _running = null; }
        }
        if (process.Server.Killed.IsCompleted) { return; }
        await process.DisposeAsync().ConfigureAwait(false);
        lock (_gate) { _processes.Remove(process); }
        await SettleAsync().ConfigureAwait(false);
    }

    private void Act(object? act)
    {
        if (!IsEnding) { ((Action)act!)(); }
    }

    /// <summary>Begins to advance the time, once the disposals that move it are through. A handler that waited for its turn here would wait for whoever waits for it.</summary>
    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsEnding, this);
        if (Interlocked.Exchange(ref _isAdvancing, 1) != 0) { throw new InvalidOperationException("Somebody advances the time of the world already. A handler can't; it waits on the world's clock."); }
        try { await _advancing.WaitAsync(cancellationToken).ConfigureAwait(false); }
        catch
        {
            Volatile.Write(ref _isAdvancing, 0);
            throw;
        }
    }

    private void Leave()
    {
        Volatile.Write(ref _isAdvancing, 0);
        _advancing.Release();
    }

    /// <summary>Has the time to itself, unless something has ended before.</summary>
    private async Task<bool> EnterUnlessAsync(Task ended)
    {
        using var unwanted = new CancellationTokenSource();
        Task entering = _advancing.WaitAsync(unwanted.Token);
        await Task.WhenAny(ended, entering).ConfigureAwait(false);
        await unwanted.CancelAsync().ConfigureAwait(false);
        try { await entering.ConfigureAwait(false); }
        catch (OperationCanceledException) { return false; }
        return true;
    }

    /// <summary>Calls the timers of the next moment, or goes to the target if none comes before it.</summary>
    /// <returns>False if the target is reached.</returns>
    private async Task<bool> StepAsync(TimeSpan target, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsEnding, this);
        TimeSpan? next = Clock.NextDue;
        if (next is null || next > target)
        {
            Clock.Advance(target - Elapsed);
            return false;
        }
        Clock.Advance(next.Value - Elapsed);
        await QuietWatch.UntilQuietAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    // ---- The end

    private async Task EndAsync()
    {
        List<Exception> failures = [];
        try
        {
            bool hasTime = await _advancing.WaitAsync(s_endLimit).ConfigureAwait(false);   // An advance that is under way fails meanwhile.
            try { await EndClientsAsync(failures).ConfigureAwait(false); }
            finally
            {
                if (hasTime) { _advancing.Release(); }
            }
            await EndProcessesAsync(failures).ConfigureAwait(false);
        }
        finally { _over.SetResult(); }
        if (failures.Count > 1) { throw new AggregateException(failures); }
        if (failures.Count == 1) { ExceptionDispatchInfo.Throw(failures[0]); }
    }

    private async Task EndClientsAsync(List<Exception> failures)
    {
        ClientEnd[] clients;
        lock (_gate) { clients = [.. _clients]; }
        foreach (ClientEnd client in clients) { _ = client.Connection!.DisposeAsync().AsTask(); }
        ClientEnding[] endings;
        lock (_gate) { endings = [.. _endings]; }
        try { await DriveAsync(endings, isPatient: true, 2 * _options.BusyLimit).ConfigureAwait(false); }
        catch (TimeoutException)
        {
            // Perhaps they end when their server has gone, and nobody waits for what is at work.
        }
        catch (Exception thrown) { failures.Add(thrown); }
        foreach (ServerProcess process in Processes()) { process.Kill(); }
        try { await DriveAsync(endings, isPatient: false, s_endLimit).ConfigureAwait(false); }
        catch (Exception left) { failures.Add(left); }
        failures.AddRange(endings.Select(static ending => ending.Disposing.Exception?.InnerException).OfType<Exception>());
    }

    private async Task EndProcessesAsync(List<Exception> failures)
    {
        Task ends = Task.WhenAll(Processes().Select(static process => Task.Run(async () => await process.DisposeAsync().ConfigureAwait(false))));
        try { await ends.WaitAsync(s_endLimit).ConfigureAwait(false); }
        catch (TimeoutException) { failures.Add(new TimeoutException($"The disposal of the services of a server did not end within {s_endLimit} of real time.")); }
        catch (Exception thrown) { failures.Add(thrown); }
    }

    private ServerProcess[] Processes()
    {
        lock (_gate)
        {
            _running = null;
            return [.. _processes];
        }
    }

    /// <summary>Moves the time on until clients have ended, from timer to timer and by no more than they may take; what they wait for then is real, and nothing jumps.</summary>
    /// <param name="endings">The clients.</param>
    /// <param name="isPatient">Whether it waits between the timers until everything has come to rest.</param>
    /// <param name="limit">How long it may take in real time; infinite: as long as the time goes on.</param>
    /// <remarks>What a timer throws comes out when they have ended.</remarks>
    private async Task DriveAsync(ClientEnding[] endings, bool isPatient, TimeSpan limit)
    {
        if (endings.Length == 0) { return; }
        using var timeUp = new CancellationTokenSource(limit);
        using var pause = new PeriodicTimer(s_pause);
        TimeSpan target = Elapsed + endings.Max(static ending => ending.Limit);
        ExceptionDispatchInfo? failure = null;
        long? stuckSince = null;
        while (true)
        {
            bool isMoving = Clock.NextDue is { } due && due <= target;
            try
            {
                if (isPatient) { await QuietWatch.UntilQuietAsync(timeUp.Token).ConfigureAwait(false); }
                if (!isPatient || !isMoving) { await pause.WaitForNextTickAsync(timeUp.Token).ConfigureAwait(false); }
            }
            catch (OperationCanceledException) { throw NotEnded(endings); }
            if (Array.TrueForAll(endings, static ending => ending.Disposing.IsCompleted)) { break; }
            if (Clock.NextDue is not { } next || next > target)
            {
                stuckSince ??= Stopwatch.GetTimestamp();
                if (Stopwatch.GetElapsedTime(stuckSince.Value) > s_endLimit) { throw NotEnded(endings); }
                continue;
            }
            stuckSince = null;
            try { Clock.Advance(next - Elapsed); }
            catch (Exception thrown) { failure ??= ExceptionDispatchInfo.Capture(thrown); }
        }
        failure?.Throw();
    }

    private static TimeoutException NotEnded(ClientEnding[] endings) =>
        new($"The disposal of clients does not end in time: {string.Join(", ", endings.Where(static ending => !ending.Disposing.IsCompleted))}. A handler that blocks its thread does that.");

    private sealed record ClientEnding(ClientEnd Client, Task Disposing, TimeSpan Limit)
    {
        public override string ToString() => $"one of {Client.User ?? "nobody"} on {Client.Network.Name}";
    }
}
