using Eit.Connection;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Testing.Transport;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
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

    private const int CallsAtOneMomentMax = 100_000;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_endLimit = TimeSpan.FromMinutes(15);

    private static readonly Lazy<Task> s_warmUp = new(() => Task.Run(WarmUpAsync));

    private readonly EitTestWorldOptions _options;
    private readonly Action<WebApplication> _map;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _advancing = new(1);
    private readonly List<ClientEnd> _clients = [];
    private readonly List<Task> _disposals = [];
    private readonly List<WebApplication> _dead = [];
    private readonly Random _seeds;
    private (WebApplication App, MemoryServer Server)? _running;
    private int _networkCount;
    private int _isAdvancing;
    private bool _isDisposed;

    private EitTestWorld(Action<WebApplication> map, EitTestWorldOptions options)
    {
        (_map, _options) = (map, options);
        _seeds = new Random((int)(options.Seed ^ (options.Seed >> 32)));
        Random = new Random(_seeds.Next());
        QuietWatch = new QuietWatch(options.BusyLimit);
        Time = new ManualTimeProvider { Used = QuietWatch.Beat };
        Network = AddNetwork();
    }

    /// <summary>Gets the clock. It is advanced by the world, not by hand.</summary>
    public ManualTimeProvider Time { get; }

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
            lock (_gate) { return (_running ?? throw NoServer()).App.Services; }
        }
    }

    /// <summary>Gets the sessions of the server.</summary>
    /// <exception cref="InvalidOperationException">No server runs.</exception>
    public EitSessions Sessions => Services.GetRequiredService<EitSessions>();

    internal QuietWatch QuietWatch { get; }

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
            ObjectDisposedException.ThrowIf(_isDisposed, this);
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
    /// <exception cref="InvalidOperationException">Somebody advances the time already; timers come again and again at one moment.</exception>
    public async Task AdvanceAsync(TimeSpan by, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            TimeSpan target = Time.Elapsed + by;
            await QuietWatch.UntilQuietAsync(cancellationToken).ConfigureAwait(false);
            while (await StepAsync(target, cancellationToken).ConfigureAwait(false)) { }
        }
        finally { Leave(); }
    }

    /// <summary>Moves the time on until a piece of work is complete.</summary>
    /// <param name="work">The work, which belongs to the world: <c>client.StartAsync()</c>.</param>
    /// <param name="limit">By how much at most; null: 5 min.</param>
    /// <exception cref="TimeoutException">It was not complete then; or it waits for what the world does not know.</exception>
    /// <remarks>Fails as the work fails.</remarks>
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
            TimeSpan target = Time.Elapsed + most;
            await QuietWatch.UntilQuietAsync(CancellationToken.None).ConfigureAwait(false);
            while (!condition())
            {
                if (Time.NextDue is null || !await StepAsync(target, CancellationToken.None).ConfigureAwait(false))
                {
                    throw new TimeoutException(Time.NextDue is null ? "No timer is left: it waits for what the world does not know." : $"It was not so after {most} of the world's time.");
                }
            }
        }
        finally { Leave(); }
    }

    /// <summary>Does something at a moment of the world's time: a scripted fault.</summary>
    /// <param name="after">When, from now; 0 or more.</param>
    /// <param name="act">What, on the thread that advances the time. What it throws comes out of that.</param>
    public void Schedule(TimeSpan after, Action act)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(after, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(act);
        Time.CreateTimer(static act => ((Action)act!)(), act, after, Timeout.InfiniteTimeSpan);
    }

    // ---- The server

    /// <summary>Starts the server, with no sessions. The world has done so at first.</summary>
    /// <exception cref="InvalidOperationException">It runs.</exception>
    public async Task StartServerAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_running is not null) { throw new InvalidOperationException("The server runs already."); }
        }
        (WebApplication App, MemoryServer Server) started = await BuildAsync().ConfigureAwait(false);
        lock (_gate) { _running = started; }
    }

    /// <summary>Stops the server as its host does: clients are asked to move (drain), then its sessions are closed. The time goes on meanwhile. Dials are refused until it is started again.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public async Task StopServerAsync()
    {
        WebApplication app = Running().App;
        await RunAsync(Task.Run(() => app.StopAsync())).ConfigureAwait(false);
        lock (_gate) { _running = null; }
        await app.DisposeAsync().ConfigureAwait(false);
        await SettleAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the server as a crash does: without a word, with all of its sessions. No timer of it comes any more; a handler that runs is not resumed.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public void KillServer()
    {
        (WebApplication app, MemoryServer server) = Running();
        lock (_gate)
        {
            _running = null;
            _dead.Add(app);
        }
        server.Kill();
    }

    /// <summary>Replaces the server as a deployment does: a new one takes the dials, the old one drains. The time goes on meanwhile.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public async Task ReplaceServerAsync()
    {
        (WebApplication App, MemoryServer Server) old = Running();
        (WebApplication App, MemoryServer Server) started = await BuildAsync().ConfigureAwait(false);
        lock (_gate) { _running = started; }
        await RunAsync(Task.Run(() => old.App.StopAsync())).ConfigureAwait(false);
        await old.App.DisposeAsync().ConfigureAwait(false);
        await SettleAsync().ConfigureAwait(false);
    }

    /// <summary>Lets the server lose the session of a client, whose transports are cut so that nobody tells it: its redial is welcomed with a new session.</summary>
    /// <param name="client">The client.</param>
    /// <exception cref="InvalidOperationException">The client has no session at the server.</exception>
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
    public EitSession? SessionOf(EitConnection client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SessionId is { } id ? Sessions.Find(id) : null;
    }

    /// <summary>Disposes of the clients, then ends the server as a crash does. Idempotent.</summary>
    public async ValueTask DisposeAsync()
    {
        ClientEnd[] clients;
        lock (_gate)
        {
            if (_isDisposed) { return; }
            _isDisposed = true;
            clients = [.. _clients];
        }
        foreach (ClientEnd client in clients) { await client.Connection!.DisposeAsync().ConfigureAwait(false); }
        Task[] disposals;
        lock (_gate) { disposals = [.. _disposals]; }
        await Task.WhenAll(disposals).ConfigureAwait(false);
        if (Server is not null) { KillServer(); }
        foreach (WebApplication app in _dead) { await app.DisposeAsync().ConfigureAwait(false); }
        _advancing.Dispose();
    }

    internal void Made(ClientEnd client)
    {
        lock (_gate) { _clients.Add(client); }
    }

    /// <summary>A client is being disposed of, and waits for its peer and for time-outs: nobody else moves the time on for it.</summary>
    internal void Disposing(ClientEnd client, Task disposed)
    {
        Task driving = Task.Run(async () =>
        {
            await _advancing.WaitAsync().ConfigureAwait(false);
            try
            {
                TimeSpan target = Time.Elapsed + s_endLimit;
                do { await QuietWatch.UntilQuietAsync(CancellationToken.None).ConfigureAwait(false); }
                while (!disposed.IsCompleted && await StepAsync(target, CancellationToken.None).ConfigureAwait(false));
            }
            finally { _advancing.Release(); }
        });
        lock (_gate)
        {
            _clients.Remove(client);
            _disposals.Add(driving);
        }
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

    private static InvalidOperationException NoServer() => new("No server runs in the world.");

    private (WebApplication App, MemoryServer Server) Running()
    {
        lock (_gate) { return _running ?? throw NoServer(); }
    }

    private async Task<(WebApplication App, MemoryServer Server)> BuildAsync()
    {
        var server = new MemoryServer(new ServerClock(Time));
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.Services.AddSingleton<TimeProvider>(server.Clock);
        builder.Services.AddSingleton<IServer>(server);
        builder.Services.AddRouting();
        builder.Services.AddAuthentication(TestAuthentication.Scheme).AddScheme<AuthenticationSchemeOptions, TestAuthentication>(TestAuthentication.Scheme, configureOptions: null);
        builder.Services.AddAuthorization();
        ulong jitterSeed;
        lock (_gate) { jitterSeed = (ulong)_seeds.NextInt64(); }
        builder.Services.AddEit(options =>
        {
            options.JitterSeed = jitterSeed;
            _options.Server?.Invoke(options);
        });
        _options.Build?.Invoke(builder);
        WebApplication app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        _map(app);
        await app.StartAsync().ConfigureAwait(false);
        return (app, server);
    }

    /// <summary>Begins to advance the time, once the disposals that move it are through. A handler that waited for its turn here would wait for whoever waits for it.</summary>
    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
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

    /// <summary>Calls the timers of the next moment, or goes to the target if none comes before it.</summary>
    /// <returns>False if the target is reached.</returns>
    private async Task<bool> StepAsync(TimeSpan target, CancellationToken cancellationToken)
    {
        TimeSpan? next = Time.NextDue;
        if (next is null || next > target)
        {
            Time.Advance(target - Time.Elapsed);
            return false;
        }
        int calls = Time.Calls;
        Time.Advance(next.Value - Time.Elapsed);
        if (Time.Calls - calls > CallsAtOneMomentMax) { throw new InvalidOperationException("Timers come again and again at one moment."); }
        await QuietWatch.UntilQuietAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }
}
