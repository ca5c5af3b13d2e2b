using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation.Exhaustive;

/// <summary>
/// All that one end can do, found out step by step: states known by their digests, and for each input in each state what the real code did about it.
/// </summary>
/// <remarks>
/// An end depends on its own inputs only, so the code runs once for each (state, input) and not once for each state of the whole world.
/// Machines can't be copied: a state is brought back by repeating the inputs that first led to it.
/// </remarks>
internal sealed class EndAutomaton : IEndStepper
{
    private const int LiveEndsMax = 512;

    private readonly bool _isClient;
    private readonly ExplorationBounds _bounds;
    private readonly Vocabulary _words;
    private readonly List<EndNode> _nodes = [];
    private readonly Dictionary<UInt128, int> _numbers = [];
    private readonly Dictionary<ulong, EndEffect> _effects = [];
    private readonly Dictionary<int, ExploredEnd> _live = [];
    private readonly Queue<int> _liveOrder = new();
    private readonly SimStatistics _statistics;

    internal EndAutomaton(bool isClient, ExplorationBounds bounds, Vocabulary words, SimStatistics statistics)
    {
        (_isClient, _bounds, _words, _statistics) = (isClient, bounds, words, statistics);
        Keep(Note(NewEnd(), before: -1, by: default), NewEnd());
    }

    internal int States => _nodes.Count;

    internal int StepsRun => _effects.Count;

    public EndView View(int node) => _nodes[node].View;

    public EndEffect Step(int node, EndInput input)
    {
        ulong key = ((ulong)node << 32) | input.Key;
        if (_effects.TryGetValue(key, out EndEffect? effect)) { return effect; }
        ExploredEnd end = Restore(node);
        EndEffect what = IsAt(node, end) ? end.Do(input) : LedElsewhere(node);
        int next = what.Failure is null ? Note(end, node, input) : node;
        effect = new EndEffect { Next = next, Packets = what.Packets, Dials = what.Dials, Events = what.Events, Failure = what.Failure, GaveUp = what.GaveUp };
        _effects.Add(key, effect);
        if (what.Failure is null) { Keep(next, end); }
        return effect;
    }

    /// <summary>Tells whether an end is in a known state.</summary>
    internal bool IsAt(int node, ExploredEnd end) => _numbers.TryGetValue(end.Digest(), out int number) && number == node;

    internal ExploredEnd NewEnd() => new(_isClient, _bounds, _words, Saw);

    private void Saw(SessionState state, TransportRole? role, FrameType type, bool atClient) => _statistics.SawInput(state, role, type, atClient);

    private int Note(ExploredEnd end, int before, EndInput by)
    {
        UInt128 digest = end.Digest();
        if (_numbers.TryGetValue(digest, out int number)) { return number; }
        _numbers.Add(digest, _nodes.Count);
        _nodes.Add(new EndNode(before, by, end.View()));
        return _nodes.Count - 1;
    }

    private void Keep(int node, ExploredEnd end)
    {
        if (!_live.TryAdd(node, end)) { return; }
        _liveOrder.Enqueue(node);
        while (_live.Count > LiveEndsMax) { _live.Remove(_liveOrder.Dequeue()); }
    }

    private ExploredEnd Restore(int node)
    {
        if (_live.Remove(node, out ExploredEnd? live)) { return live; }
        var inputs = new Stack<EndInput>();
        for (int at = node; _nodes[at].Before >= 0; at = _nodes[at].Before) { inputs.Push(_nodes[at].By); }
        ExploredEnd end = NewEnd();
        foreach (EndInput input in inputs) { end.Do(input); }
        return end;
    }

    private EndEffect LedElsewhere(int node) =>
        new() { Packets = [], Dials = [], Events = [], Failure = $"the way to '{_nodes[node].View.Text}' leads elsewhere the second time: a digest leaves something out" };
}
