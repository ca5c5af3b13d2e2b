using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Eit.Chaos.Faults;
using Eit.Chaos.Flows;
using Eit.Chaos.Frames;

namespace Eit.Chaos;

/// <summary>One connection through a proxy: two sockets and what goes between them. Safe from any thread.</summary>
public sealed class ChaosConnection : IAsyncDisposable
{
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(1);

    private readonly ChaosProxy _proxy;
    private readonly ChaosProxyOptions _options;
    private readonly Socket _client;
    private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<string?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Flow _up;
    private readonly Flow _down;
    private readonly Lock _gate = new();
    private readonly List<ActiveFault> _own = [];
    private IReadOnlyList<ActiveFault> _shared = [];
    private Dictionary<ActiveFault, HitFault?> _met = [];
    private volatile FaultSet _faults = new([]);
    private (CutWay? Way, string? Fault)? _end;
    private long _heardAt;
    private long _bytesUp;
    private long _bytesDown;

    internal ChaosConnection(ChaosProxy proxy, ChaosProxyOptions options, Socket client, int number)
    {
        (_proxy, _options, _client, Number) = (proxy, options, client, number);
        OpenedAt = Now;
        _heardAt = OpenedAt.Ticks;
        Upgrade? upgrade = options.ReadsFrames ? new Upgrade() : null;
        _up = new Flow(this, ChaosDirection.Up, options.BufferBytes, upgrade is null ? null : new FrameTap(this, ChaosDirection.Up, upgrade));
        _down = new Flow(this, ChaosDirection.Down, options.BufferBytes, upgrade is null ? null : new FrameTap(this, ChaosDirection.Down, upgrade));
        SourcesEnded = Task.WhenAll(_up.SourceEnded, _down.SourceEnded);
    }

    /// <summary>Gets its number: the proxy's connections count from 1.</summary>
    public int Number { get; }

    /// <summary>Gets when it was accepted, counted from the proxy's start.</summary>
    public TimeSpan OpenedAt { get; }

    /// <summary>Gets how many bytes have come from the client.</summary>
    public long BytesUp => Interlocked.Read(ref _bytesUp);

    /// <summary>Gets how many bytes have come from the upstream.</summary>
    public long BytesDown => Interlocked.Read(ref _bytesDown);

    /// <summary>Gets a task that ends when the connection has: with the name of the fault that ended it, or null if one of its ends did.</summary>
    public Task<string?> Ended => _ended.Task;

    internal TimeSpan Now => _proxy.Now;

    internal TimeProvider Clock => _options.TimeProvider;

    /// <summary>Gets the faults that apply now.</summary>
    internal FaultSet Faults => _faults;

    /// <summary>Gets a task that ends when nothing more comes from either side.</summary>
    internal Task SourcesEnded { get; }

    /// <summary>Sets a fault for this connection alone, until it ends.</summary>
    /// <param name="fault">The fault; one that is about opening comes too late.</param>
    /// <returns>The name under which events tell of it.</returns>
    /// <exception cref="ArgumentException">A field of the fault is out of range, or the proxy can't do it.</exception>
    public string Add(ChaosFault fault)
    {
        ActiveFault active = _proxy.Activate(fault);
        lock (_gate)
        {
            _own.Add(active);
            Refresh();
        }
        return active.Name;
    }

    /// <summary>Ends the connection now.</summary>
    /// <param name="way">How.</param>
    public void Cut(CutWay way) => End(way, "cut");

    /// <summary>Resets the connection, if it has not ended, and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        Cut(CutWay.Reset);
        await Ended.ConfigureAwait(false);
    }

    /// <summary>Takes over the proxy's faults.</summary>
    internal void Apply(IReadOnlyList<ActiveFault> shared)
    {
        lock (_gate)
        {
            _shared = shared;
            Refresh();
        }
    }

    /// <summary>Carries the connection to its end. Never fails.</summary>
    /// <param name="others">How many connections there were when it came.</param>
    /// <param name="stopped">Ends it quickly.</param>
    internal async Task RunAsync(int others, CancellationToken stopped)
    {
        using CancellationTokenRegistration stop = stopped.Register(() => End(CutWay.Reset, fault: null));
        List<Task> parts = [WatchAsync()];
        try { await CarryAsync(others, parts).ConfigureAwait(false); }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // A fault or one of the ends was faster.
        }
        catch (Exception failure) when (Sockets.IsGone(failure) || failure is AuthenticationException)
        {
            _proxy.DialFailed(this, failure);
            End(CutWay.Reset, fault: null);
        }
        End(way: null, fault: null);
        await Task.WhenAll(parts).ConfigureAwait(false);
        await CloseAsync(stopped).ConfigureAwait(false);
        _up.Dispose();
        _down.Dispose();
        _over.Dispose();
        _proxy.Ended(this, _end?.Fault);
        _ended.TrySetResult(_end?.Fault);
    }

    /// <summary>Ends the connection, if it has not ended yet.</summary>
    /// <param name="way">How; null where both of its ends have ended it.</param>
    /// <param name="fault">The name of the fault that does it.</param>
    /// <returns>False if it has ended.</returns>
    internal bool End(CutWay? way, string? fault)
    {
        lock (_gate)
        {
            if (_end is not null) { return false; }
            _end = (way, fault);
        }
        _over.Cancel();
        return true;
    }

    /// <summary>Ends the connection as a fault says that applies to it.</summary>
    internal void EndBy(HitFault hit, CutWay way)
    {
        if (End(way, hit.Active.Name)) { hit.Active.Act(); }
    }

    /// <summary>Ends a connection of whose ends both are gone, and to which nothing may be passed on.</summary>
    internal void Forget() => End(CutWay.Reset, fault: null);

    internal void Heard(ChaosDirection direction, int count)
    {
        Interlocked.Add(ref direction == ChaosDirection.Up ? ref _bytesUp : ref _bytesDown, count);
        Interlocked.Exchange(ref _heardAt, Now.Ticks);
        _proxy.Heard(direction, count);
    }

    /// <summary>Is told that nothing can be written any more; the other end hears of it behind what is on its way there.</summary>
    internal void SinkGone(ChaosDirection direction)
    {
        Flow other = FlowTo(direction == ChaosDirection.Up ? ChaosDirection.Down : ChaosDirection.Up);
        if (other.IsFinished) { End(CutWay.Reset, fault: null); }
        else { other.Insert(new Chunk(ChunkKind.Gone, Now)); }
    }

    internal void Insert(ChaosDirection direction, in Chunk chunk) => FlowTo(direction).Insert(chunk);

    internal void Note(ChaosEventKind kind, string text, string? fault = null) => _proxy.Log(kind, text, Number, fault);

    private Flow FlowTo(ChaosDirection direction) => direction == ChaosDirection.Up ? _up : _down;

    private async Task CarryAsync(int others, List<Task> parts)
    {
        CancellationToken over = _over.Token;
        if (_faults.TurningAway(others) is { } limit)
        {
            _proxy.TurnedAway(this, limit.Active.Name);
            EndBy(limit, CutWay.Reset);
            return;
        }
        _client.NoDelay = true;
        Stream client = new NetworkStream(_client, ownsSocket: false);
        bool isPlain = _options.Certificate is null;
        if (isPlain) { parts.Add(_up.ReadAsync(client, over)); }
        if (!await OpenAsync(over).ConfigureAwait(false))
        {
            Forget();
            return;
        }
        if (!isPlain)
        {
            client = await AcceptTlsAsync(client, over).ConfigureAwait(false);
            parts.Add(_up.ReadAsync(client, over));
        }
        Stream server = await DialAsync(over).ConfigureAwait(false);
        Note(ChaosEventKind.Dialled, "carried.");
        Task upward = _up.WriteAsync(server, _server, over);
        Task downward = _down.WriteAsync(client, _client, over);
        parts.AddRange([_down.ReadAsync(server, over), upward, downward]);
        await Task.WhenAll(upward, downward).ConfigureAwait(false);
    }

    /// <summary>Waits for as long as the faults keep the connection from being served.</summary>
    /// <returns>False if its client has gone meanwhile.</returns>
    private async Task<bool> OpenAsync(CancellationToken over)
    {
        while (true)
        {
            FaultSet set = _faults;
            TimeSpan wait = set.IsSilent ? Timeout.InfiniteTimeSpan : OpenedAt + set.OpenWait - Now;
            if (!set.IsSilent && wait <= TimeSpan.Zero) { return true; }
            await set.WaitAsync(wait, Clock, over, set.IsSilent ? _up.SourceEnded : null).ConfigureAwait(false);
            if (set.IsSilent && _up.SourceEnded.IsCompleted) { return false; }
        }
    }

    private async Task<Stream> AcceptTlsAsync(Stream client, CancellationToken over)
    {
        using var limit = new TimeLimit(_options.DialLimit, Clock, over);
        var tls = new SslStream(client);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _options.Certificate, ApplicationProtocols = [SslApplicationProtocol.Http11] }, limit.Token).ConfigureAwait(false);
        return tls;
    }

    private async Task<Stream> DialAsync(CancellationToken over)
    {
        using var limit = new TimeLimit(_options.DialLimit, Clock, over);
        await _server.ConnectAsync(_options.Upstream!, limit.Token).ConfigureAwait(false);
        Stream server = new NetworkStream(_server, ownsSocket: false);
        if (_options.UpstreamTls is null) { return server; }
        var tls = new SslStream(server);
        await tls.AuthenticateAsClientAsync(_options.UpstreamTls, limit.Token).ConfigureAwait(false);
        return tls;
    }

    /// <summary>Ends the connection when a fault says that its time has come.</summary>
    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                FaultSet set = _faults;
                (TimeSpan At, HitFault Hit)? next = set.NextEnd(OpenedAt, new TimeSpan(Interlocked.Read(ref _heardAt)));
                TimeSpan wait = next is { } due ? due.At - Now : Timeout.InfiniteTimeSpan;
                if (next is { } end && wait <= TimeSpan.Zero)
                {
                    EndBy(end.Hit, end.Hit.Fault.EndsBy);
                    return;
                }
                await set.WaitAsync(wait, Clock, _over.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private async Task CloseAsync(CancellationToken stopped)
    {
        if (_end is { Way: CutWay.Close })
        {
            using var limit = new TimeLimit(s_closeLimit, Clock, stopped);
            await Task.WhenAll(Sockets.CloseAsync(_client, limit.Token), Sockets.CloseAsync(_server, limit.Token)).ConfigureAwait(false);
        }
        else if (_end is { Way: CutWay.Reset })
        {
            Sockets.Reset(_client);
            Sockets.Reset(_server);
        }
        else
        {
            _client.Dispose();
            _server.Dispose();
        }
    }

    private void Refresh()
    {
        Dictionary<ActiveFault, HitFault?> met = [];
        List<HitFault> hits = [];
        foreach (ActiveFault active in _shared.Concat(_own))
        {
            HitFault? hit = _met.TryGetValue(active, out HitFault? known) ? known : Meet(active);
            met.Add(active, hit);
            if (hit is not null) { hits.Add(hit); }
        }
        _met = met;
        FaultSet before = _faults;
        _faults = new FaultSet(hits);
        before.Replaced();
    }

    private HitFault? Meet(ActiveFault active)
    {
        HitFault? hit = HitFault.Meet(active, _options.Seed, Number, Now);
        if (hit is null) { return null; }
        active.Hit();
        Note(ChaosEventKind.Hit, $"{active.Name} applies: {active.Fault}", active.Name);
        return hit;
    }
}
