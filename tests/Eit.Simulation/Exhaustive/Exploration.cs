using System.Diagnostics;

namespace Eit.Simulation.Exhaustive;

/// <summary>
/// Goes through every state that a small world can get into, breadth first, so that what it finds it finds by the shortest way.
/// </summary>
internal sealed class Exploration
{
    private const int AuditEvery = 9_973;
    private const int AuditsMax = 5_000;

    private readonly ExplorationBounds _bounds;
    private readonly Vocabulary _words = new();
    private readonly HistoryAutomaton _histories;
    private readonly EndAutomaton _client;
    private readonly EndAutomaton _server;
    private readonly ExhaustiveWorld _world;
    private readonly DigestTable _visited = new();
    private readonly List<int> _before = [];
    private readonly List<short> _by = [];
    private readonly byte[] _bytes = new byte[2048];
    private readonly SimStatistics _statistics = new();
    private readonly WorldState _from = new();
    private readonly WorldState _to = new();
    private readonly List<Choice> _choices = [];
    private long _transitions;
    private int _terminal;
    private int _settled;
    private int _audits;

    internal Exploration(ExplorationBounds bounds)
    {
        _bounds = bounds;
        _histories = new HistoryAutomaton(_words);
        _client = new EndAutomaton(isClient: true, bounds, _words, _statistics);
        _server = new EndAutomaton(isClient: false, bounds, _words, _statistics);
        _world = new ExhaustiveWorld(bounds, _words, _histories, _client, _server);
    }

    internal ExplorationResult Run()
    {
        var watch = Stopwatch.StartNew();
        var state = new WorldState();
        _world.Begin(state);
        string? failure = _world.Failure;
        int failedAt = 0;
        Choice? failedBy = null;
        Visit(state, before: -1, by: default, out byte[]? first);
        List<(int Number, byte[] State)> level = [(0, first!)];
        int depth = 0;
        bool isComplete = true;
        while (level.Count > 0 && failure is null && isComplete)
        {
            List<(int Number, byte[] State)> next = [];
            foreach ((int number, byte[] bytes) in level)
            {
                (failure, failedBy) = Expand(number, bytes, next);
                failedAt = number;
                isComplete = _visited.Count <= _bounds.StatesMax;
                if (failure is not null || !isComplete) { break; }
            }
            if (next.Count > 0) { depth++; }
            level = next;
        }
        return new ExplorationResult
        {
            Bounds = _bounds,
            States = _visited.Count,
            Transitions = _transitions,
            Terminal = _terminal,
            Settled = _settled,
            Depth = depth,
            ClientStates = _client.States,
            ServerStates = _server.States,
            StepsRun = _client.StepsRun + _server.StepsRun,
            Audits = _audits,
            Took = watch.Elapsed,
            IsComplete = isComplete && failure is null,
            Failure = failure,
            Trace = failure is null ? [] : Trace(failedAt, failedBy),
            Statistics = _statistics,
        };
    }

    private (string? Failure, Choice? By) Expand(int number, byte[] bytes, List<(int Number, byte[] State)> next)
    {
        _from.Decode(bytes);
        _world.List(_from, _choices);
        bool isDue = _choices.Exists(static choice => choice.IsDue);
        if (!isDue)
        {
            if (_world.WhyNotSettled(_from) is { } why) { return (why, null); }
            _settled++;
        }
        if (_choices.Count == 0) { _terminal++; }
        foreach (Choice choice in _choices)
        {
            _to.CopyFrom(_from);
            _world.Apply(_to, choice);
            _transitions++;
            if (_world.Failure is { } failure) { return (failure, choice); }
            if (Visit(_to, number, choice.Code, out byte[]? reached)) { next.Add((_visited.Count - 1, reached!)); }
        }
        bool isAudited = _audits < AuditsMax && (_choices.Count == 0 || number % AuditEvery == 0);
        return isAudited ? Audit(number) : (null, null);
    }

    private bool Visit(WorldState state, int before, short by, out byte[]? bytes)
    {
        int length = state.Encode(_bytes);
        bytes = null;
        if (!_visited.TryAdd(DigestOf(_bytes.AsSpan(0, length)))) { return false; }
        bytes = _bytes.AsSpan(0, length).ToArray();
        _before.Add(before);
        _by.Add(by);
        return true;
    }

    private static UInt128 DigestOf(ReadOnlySpan<byte> bytes)
    {
        ulong low = 0x9E3779B97F4A7C15;
        ulong high = 0xBF58476D1CE4E5B9;
        foreach (byte value in bytes)
        {
            low = (low ^ value) * 1099511628211;
            high = ulong.RotateLeft(high + value, 29) * 0x94D049BB133111EB;
        }
        return new UInt128(high ^ (high >> 29), low ^ (low >> 32));
    }

    /// <summary>Goes one whole way again with fresh ends, and compares.</summary>
    private (string? Failure, Choice? By) Audit(int number)
    {
        _audits++;
        var world = new ExhaustiveWorld(_bounds, _words, _histories, new AuditedEnd(_client), new AuditedEnd(_server));
        var state = new WorldState();
        world.Begin(state);
        foreach (Choice choice in ChoicesTo(number))
        {
            world.Apply(state, choice);
            if (world.Failure is { } failure) { return (failure, null); }
        }
        return (null, null);
    }

    private Stack<Choice> ChoicesTo(int number)
    {
        var choices = new Stack<Choice>();
        for (int at = number; _before[at] >= 0; at = _before[at]) { choices.Push(Choice.Of(_by[at])); }
        return choices;
    }

    private List<(string Step, string Ends)> Trace(int number, Choice? last)
    {
        var lines = new List<(string Step, string Ends)>();
        var state = new WorldState();
        _world.Begin(state);
        IEnumerable<Choice> choices = last is { } one ? ChoicesTo(number).Append(one) : ChoicesTo(number);
        foreach (Choice choice in choices)
        {
            string step = _world.Describe(state, choice);
            _world.Apply(state, choice);
            lines.Add((step, $"{_client.View(state.Client).Text}; {_server.View(state.Server).Text}"));
        }
        return lines;
    }
}
