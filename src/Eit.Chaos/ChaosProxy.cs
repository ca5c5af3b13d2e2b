using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Eit.Chaos.Faults;
using Eit.Chaos.Flows;

namespace Eit.Chaos;

/// <summary>A TCP proxy that stands in front of anything and lets go wrong what it is told to.</summary>
/// <remarks>
/// Safe from any thread. Faults have names; they can be set, changed and removed while traffic flows, and each acts on top of the others: latencies add up, the slowest
/// bandwidth counts. A changed fault goes on with the same connections; what it counts begins anew.
/// </remarks>
public sealed class ChaosProxy : IAsyncDisposable
{
    private const int Backlog = 512;
    private const int NameCharsMax = 64;
    private const int FaultsMax = 1_000;

    private readonly ChaosProxyOptions _options;
    private readonly long _startedAt;
    private readonly EventLog _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<ActiveFault> _faults = [];
    private readonly Dictionary<ChaosConnection, Task> _connections = [];
    private readonly List<Task> _accepting = [];
    private Socket _listener;
    private bool _listens;
    private bool _isDisposed;
    private int _activated;
    private int _accepted;
    private int _turnedAway;
    private int _dialFailures;
    private int _endedByFaults;
    private long _bytesUp;
    private long _bytesDown;

    private ChaosProxy(ChaosProxyOptions options)
    {
        _options = options;
        _startedAt = options.TimeProvider.GetTimestamp();
        _log = new EventLog(options.EventsMax, () => Now);
        _listener = Sockets.Bind(options.Listen);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        UpdateListening();
    }

    /// <summary>Gets where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Gets the port on which it listens.</summary>
    public int Port => EndPoint.Port;

    /// <summary>Gets the time since the start.</summary>
    public TimeSpan Now => _options.TimeProvider.GetElapsedTime(_startedAt);

    /// <summary>Gets the connections that there are, in the order in which they came.</summary>
    public IReadOnlyList<ChaosConnection> Connections
    {
        get
        {
            lock (_gate) { return [.. _connections.Keys.OrderBy(static connection => connection.Number)]; }
        }
    }

    /// <summary>Gets the faults that are set, in the order in which they were.</summary>
    public IReadOnlyList<ChaosFaultStatus> Faults
    {
        get
        {
            lock (_gate) { return [.. _faults.Select(static fault => fault.Status)]; }
        }
    }

    /// <summary>Gets what was counted.</summary>
    public ChaosCounters Counters
    {
        get
        {
            lock (_gate)
            {
                return new ChaosCounters(_accepted, _connections.Count, _turnedAway, _dialFailures, _endedByFaults, Interlocked.Read(ref _bytesUp), Interlocked.Read(ref _bytesDown));
            }
        }
    }

    /// <summary>Gets the last events, the oldest first.</summary>
    public IReadOnlyList<ChaosEvent> Events => _log.Events;

    /// <summary>Starts a proxy: it listens when this returns.</summary>
    /// <param name="options">Where it stands; copied.</param>
    /// <exception cref="ArgumentException">An option is missing or out of range; the message names all of them.</exception>
    /// <exception cref="SocketException">The address is not free.</exception>
    public static ChaosProxy Start(ChaosProxyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string[] faults = [.. options.Faults()];
        return faults.Length == 0 ? new ChaosProxy(options with { }) : throw new ArgumentException(string.Join(' ', faults), nameof(options));
    }

    /// <summary>Adds a fault under a name of its kind and a number.</summary>
    /// <param name="fault">The fault.</param>
    /// <returns>The name.</returns>
    /// <exception cref="ArgumentException">A field of the fault is out of range, or the proxy can't do it.</exception>
    public string Add(ChaosFault fault)
    {
        ActiveFault active = Activate(fault);
        Put(active);
        return active.Name;
    }

    /// <summary>Adds a fault under a name, or changes the one that has it.</summary>
    /// <param name="name">1 to 64 characters.</param>
    /// <param name="fault">The fault.</param>
    /// <returns>True if it was added, false if it was changed.</returns>
    /// <exception cref="ArgumentException">The name or a field of the fault is out of range, or the proxy can't do it.</exception>
    public bool Set(string name, ChaosFault fault)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Length > NameCharsMax) { throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A name has at most {NameCharsMax} characters."), nameof(name)); }
        return Put(Activate(fault, name));
    }

    /// <summary>Removes a fault. What it held back leaves; connections that wait for it go on.</summary>
    /// <param name="name">The fault's name.</param>
    /// <returns>False if there is none.</returns>
    public bool Remove(string name)
    {
        lock (_gate)
        {
            if (_faults.RemoveAll(fault => fault.Name == name) == 0) { return false; }
            Log(ChaosEventKind.Removed, $"{name} is removed.", fault: name);
            Spread();
        }
        return true;
    }

    /// <summary>Removes all faults.</summary>
    public void Clear()
    {
        foreach (ChaosFaultStatus fault in Faults) { Remove(fault.Name); }
    }

    /// <summary>Ends all connections that there are.</summary>
    /// <param name="way">How.</param>
    /// <returns>How many there were.</returns>
    public int CutAll(CutWay way = CutWay.Reset)
    {
        IReadOnlyList<ChaosConnection> connections = Connections;
        foreach (ChaosConnection connection in connections) { connection.Cut(way); }
        return connections.Count;
    }

    /// <summary>Waits for an event, unless it is among those kept already.</summary>
    /// <param name="isMeant">Tells whether it is the one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The first such event.</returns>
    public Task<ChaosEvent> WaitForAsync(Func<ChaosEvent, bool> isMeant, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(isMeant);
        return _log.FirstAsync(isMeant, cancellationToken);
    }

    /// <summary>Plays a scenario. What it has set stays when it ends.</summary>
    /// <param name="scenario">The scenario. Its seed is not used: the options have one.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <returns>Ends with the last step, of the last repetition.</returns>
    /// <exception cref="ArgumentException">A step can't be done by this proxy. Looked at before the first one.</exception>
    public Task PlayAsync(ChaosScenario scenario, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        foreach (ChaosStep.Set step in scenario.Steps.OfType<ChaosStep.Set>()) { Require(step.Fault); }
        return PlayCheckedAsync(scenario, cancellationToken);
    }

    /// <summary>Stops listening, resets all connections and waits until nothing of the proxy runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _listener.Dispose();
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        Task[] running;
        lock (_gate) { running = [.. _accepting, .. _connections.Values]; }
        await Task.WhenAll(running).ConfigureAwait(false);
    }

    /// <summary>Makes a fault ready to apply to connections.</summary>
    internal ActiveFault Activate(ChaosFault fault, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        Require(fault);
        int ordinal = Interlocked.Increment(ref _activated);
        return new ActiveFault(name ?? string.Create(CultureInfo.InvariantCulture, $"{fault.Kind}-{ordinal}"), ordinal, fault);
    }

    internal void Log(ChaosEventKind kind, string text, int? connection = null, string? fault = null) => _log.Add(kind, text, connection, fault);

    internal void Heard(ChaosDirection direction, int count) => Interlocked.Add(ref direction == ChaosDirection.Up ? ref _bytesUp : ref _bytesDown, count);

    internal void TurnedAway(ChaosConnection connection, string fault)
    {
        Interlocked.Increment(ref _turnedAway);
        Log(ChaosEventKind.TurnedAway, $"turned away by {fault}.", connection.Number, fault);
    }

    internal void DialFailed(ChaosConnection connection, Exception failure)
    {
        Interlocked.Increment(ref _dialFailures);
        string why = failure is OperationCanceledException ? "It took too long." : failure.Message;
        Log(ChaosEventKind.DialFailed, $"could not be carried to {_options.Upstream}: {why}", connection.Number);
    }

    internal void Ended(ChaosConnection connection, string? fault)
    {
        if (fault is not null) { Interlocked.Increment(ref _endedByFaults); }
        lock (_gate) { _connections.Remove(connection); }
        string how = fault is null ? "ended" : $"ended by {fault}";
        Log(ChaosEventKind.Ended, string.Create(CultureInfo.InvariantCulture, $"{how}, {connection.BytesUp} bytes up, {connection.BytesDown} bytes down."), connection.Number, fault);
    }

    private void Require(ChaosFault fault)
    {
        try { fault.Check(); }
        catch (FormatException wrong) { throw new ArgumentException(wrong.Message, nameof(fault), wrong); }
        if (fault is FrameFault && !_options.ReadsFrames) { throw new ArgumentException("A rule for frames needs a proxy that reads frames (ReadsFrames).", nameof(fault)); }
    }

    private bool Put(ActiveFault active)
    {
        lock (_gate)
        {
            int index = _faults.FindIndex(fault => fault.Name == active.Name);
            if (index < 0 && _faults.Count == FaultsMax) { throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"There are {FaultsMax} faults already."), nameof(active)); }
            if (index < 0) { _faults.Add(active); }
            else { _faults[index] = new ActiveFault(active.Name, _faults[index].Ordinal, active.Fault); }
            Log(ChaosEventKind.Set, $"{active.Name} is set: {active.Fault}", fault: active.Name);
            Spread();
            return index < 0;
        }
    }

    /// <summary>Tells everybody that other faults are set.</summary>
    private void Spread()
    {
        ActiveFault[] faults = [.. _faults];
        foreach (ChaosConnection connection in _connections.Keys) { connection.Apply(faults); }
        UpdateListening();
    }

    private void UpdateListening()
    {
        bool listens = !_faults.Exists(static fault => fault.Fault.Refuses);
        if (listens == _listens || _isDisposed) { return; }
        _listens = listens;
        if (listens)
        {
            _listener.Listen(Backlog);
            _accepting.RemoveAll(static task => task.IsCompletedSuccessfully);
            _accepting.Add(AcceptAsync(_listener));
            return;
        }
        _listener.Dispose();
        _listener = Sockets.Bind(EndPoint);                        // Bound and not listening: the port stays ours, and dials are refused.
    }

    private async Task AcceptAsync(Socket listener)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);   // Whoever begins it may hold the gate.
        while (true)
        {
            Socket client;
            try { client = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false); }
            catch (SocketException early) when (early.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted) { continue; }
            catch (Exception closed) when (Sockets.IsGone(closed)) { return; }
            Accept(client);
        }
    }

    private void Accept(Socket client)
    {
        lock (_gate)
        {
            if (_isDisposed || _connections.Count >= _options.ConnectionsMax)
            {
                _turnedAway++;
                Sockets.Reset(client);
                Log(ChaosEventKind.TurnedAway, "A connection is turned away: there are too many.");
                return;
            }
            var connection = new ChaosConnection(this, _options, client, ++_accepted);
            int others = _connections.Count;
            Log(ChaosEventKind.Opened, "opened.", connection.Number);
            connection.Apply([.. _faults]);
            _connections.Add(connection, Task.CompletedTask);
            _connections[connection] = RunAsync(connection, others);
        }
    }

    private async Task RunAsync(ChaosConnection connection, int others)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await connection.RunAsync(others, _stop.Token).ConfigureAwait(false);
    }

    private async Task PlayCheckedAsync(ChaosScenario scenario, CancellationToken cancellationToken)
    {
        for (int round = 0; scenario.Repetitions == 0 || round < scenario.Repetitions; round++)
        {
            foreach (ChaosStep step in scenario.Steps) { await DoAsync(step, cancellationToken).ConfigureAwait(false); }
        }
    }

    private async Task DoAsync(ChaosStep step, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        switch (step)
        {
            case ChaosStep.Set(var name, var fault):
                Set(name, fault);
                break;
            case ChaosStep.Remove(var name):
                Remove(name);
                break;
            case ChaosStep.Clear:
                Clear();
                break;
            case ChaosStep.Cut(var way):
                CutAll(way);
                break;
            case ChaosStep.Wait(var time):
                await new FaultSet([]).WaitAsync(time, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }
}
