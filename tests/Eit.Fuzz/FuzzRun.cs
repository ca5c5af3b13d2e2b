using System.Diagnostics;

namespace Eit.Fuzz;

/// <summary>Gives inputs on all cores until there were enough, one has failed, or one never comes back.</summary>
internal sealed class FuzzRun
{
    /// <summary>What is said of a case that never comes back.</summary>
    internal const string Hangs = "It does not end.";

    private readonly long _inputsMax;
    private readonly TimeSpan _hangLimit;
    private readonly FuzzSettings _settings;
    private readonly Worker[] _workers;
    private readonly CountdownEvent _working;
    private readonly Lock _gate = new();
    private readonly Dictionary<FuzzTarget, long> _inputs = [];
    private readonly HashSet<string> _clauses = new(StringComparer.Ordinal);
    private ulong _nextSeed;
    private long _given;
    private FuzzFailure? _failure;

    private FuzzRun(ulong first, long inputs, FuzzSettings settings, TimeSpan hangLimit)
    {
        (_nextSeed, _inputsMax, _settings, _hangLimit) = (first, inputs, settings, hangLimit);
        _workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Worker())];
        _working = new CountdownEvent(_workers.Length);
    }

    /// <param name="first">The first seed.</param>
    /// <param name="inputs">How many inputs to give at least.</param>
    /// <param name="corpus">The messages to begin with.</param>
    /// <param name="canary">The bug to plant.</param>
    /// <param name="hangLimit">After how long a case counts as one that never ends.</param>
    internal static FuzzResult Run(ulong first, long inputs, Corpus corpus, Canary canary, TimeSpan hangLimit)
    {
        using var over = new CancellationTokenSource();
        var run = new FuzzRun(first, inputs, new FuzzSettings(corpus, canary, over.Token), hangLimit);
        FuzzResult result = run.Run();
        over.Cancel();
        return result;
    }

    /// <summary>Repeats the case of a seed; its failure is thrown.</summary>
    internal static void Repeat(ulong seed, Corpus corpus, Canary canary, Action<string> tell)
    {
        FuzzCase one = FuzzCase.Of(seed, new FuzzSettings(corpus, canary, CancellationToken.None));
        one.Tell = tell;
        one.Run();
    }

    private FuzzResult Run()
    {
        var watch = Stopwatch.StartNew();
        foreach (Worker worker in _workers) { new Thread(() => Work(worker), maxStackSize: 4 << 20) { IsBackground = true }.Start(); }
        while (!_working.Wait(_hangLimit / 10) && _failure is not { What: Hangs }) { LookForHang(); }
        lock (_gate) { return new FuzzResult(_inputs.ToDictionary(), [.. _clauses], _failure, watch.Elapsed); }
    }

    private void Work(Worker worker)
    {
        while (Volatile.Read(ref _given) < _inputsMax && _failure is null)
        {
            ulong seed = Interlocked.Increment(ref _nextSeed) - 1;
            worker.Begin(seed);
            FuzzCase one = FuzzCase.Of(seed, _settings);
            try { one.Run(); }
            catch (Exception failure) when (failure is not OutOfMemoryException) { Fail(seed, failure is FuzzException ? failure.Message : failure.ToString()); }
            worker.End();
            Interlocked.Add(ref _given, one.Inputs);
            lock (_gate)
            {
                _inputs[one.Target] = _inputs.GetValueOrDefault(one.Target) + one.Inputs;
                if (one is Conversation conversation) { _clauses.UnionWith(conversation.ClausesBroken); }
            }
        }
        _working.Signal();
    }

    private void Fail(ulong seed, string what)
    {
        lock (_gate)
        {
            if (_failure is null || seed < _failure.Seed) { _failure = new FuzzFailure(seed, what); }
        }
    }

    private void LookForHang()
    {
        foreach (Worker worker in _workers)
        {
            if (worker.SeedOlderThan(_hangLimit) is { } seed) { Fail(seed, Hangs); }
        }
    }

    /// <summary>What a thread works on, for those who watch it.</summary>
    private sealed class Worker
    {
        private readonly Lock _gate = new();
        private (ulong Seed, long Since)? _current;

        internal void Begin(ulong seed)
        {
            lock (_gate) { _current = (seed, Stopwatch.GetTimestamp()); }
        }

        internal void End()
        {
            lock (_gate) { _current = null; }
        }

        internal ulong? SeedOlderThan(TimeSpan limit)
        {
            lock (_gate) { return _current is { } current && Stopwatch.GetElapsedTime(current.Since) > limit ? current.Seed : null; }
        }
    }
}
