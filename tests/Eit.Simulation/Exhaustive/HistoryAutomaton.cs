using Eit.Protocol.Session;

namespace Eit.Simulation.Exhaustive;

/// <summary>The states that a <see cref="History"/> can be in, and what each event leads to; the real one is run once for each.</summary>
internal sealed class HistoryAutomaton
{
    private readonly Vocabulary _words;
    private readonly List<(int Before, int Event)> _nodes = [(-1, -1)];
    private readonly List<string?> _whyNotQuiet = [null];
    private readonly Dictionary<UInt128, int> _numbers = [];
    private readonly Dictionary<(int Node, int Event), (int Next, string? Failure)> _steps = [];

    internal HistoryAutomaton(Vocabulary words)
    {
        _words = words;
        _numbers.Add(DigestOf(new History(string.Empty, TimeSpan.MaxValue)), 0);
    }

    internal (int Next, string? Failure) Step(int node, int what)
    {
        if (_steps.TryGetValue((node, what), out (int Next, string? Failure) known)) { return known; }
        History history = Restore(node);
        try
        {
            _words.Event(what).ApplyTo(history);
            known = (Note(history, node, what), null);
        }
        catch (Exception broken) when (broken is HistoryException or ArgumentOutOfRangeException)
        {
            known = (node, broken.Message);
        }
        _steps.Add((node, what), known);
        return known;
    }

    /// <summary>Says what is missing if nothing more is going to happen; null if nothing is.</summary>
    internal string? WhyNotQuiet(int node) => _whyNotQuiet[node];

    private int Note(History history, int before, int what)
    {
        UInt128 digest = DigestOf(history);
        if (_numbers.TryGetValue(digest, out int number)) { return number; }
        _numbers.Add(digest, _nodes.Count);
        _nodes.Add((before, what));
        try
        {
            history.CheckQuiet();
            _whyNotQuiet.Add(null);
        }
        catch (HistoryException broken)
        {
            _whyNotQuiet.Add(broken.Message);
        }
        return _nodes.Count - 1;
    }

    private History Restore(int node)
    {
        var events = new Stack<int>();
        for (int at = node; _nodes[at].Before >= 0; at = _nodes[at].Before) { events.Push(_nodes[at].Event); }
        var history = new History("messages", TimeSpan.MaxValue);
        foreach (int what in events) { _words.Event(what).ApplyTo(history); }
        return history;
    }

    private static UInt128 DigestOf(History history)
    {
        var digest = new StateDigest(default);
        history.AppendTo(digest);
        return digest.Value;
    }
}
