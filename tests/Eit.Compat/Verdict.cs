using System.Globalization;

namespace Eit.Compat;

/// <summary>What the notes of both ends come to.</summary>
internal sealed class Verdict
{
    private const int FaultsShown = 20;
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _streams = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    /// <summary>Gets how much was sent: messages, calls, streams and events.</summary>
    public long Sent { get; private set; }

    /// <summary>Gets how much the handlers were given.</summary>
    public long Handled { get; set; }

    public int Lost { get; private set; }

    public int Twice { get; private set; }

    public int OutOfOrder { get; private set; }

    /// <summary>Gets how much has an outcome that is missing, not true or that an outage does not excuse.</summary>
    public int BadOutcomes { get; private set; }

    public int Others { get; private set; }

    public bool IsGood => Sent > 0 && Handled > 0 && _faults.Count == 0;

    public void Count(string stream, string outcome)
    {
        Sent++;
        _streams[stream] = _streams.GetValueOrDefault(stream) + 1;
        _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
    }

    public void IsLost(string what) => Lost += Fault("lost", what);

    public void CameTwice(string what) => Twice += Fault("twice", what);

    public void CameOutOfOrder(string what) => OutOfOrder += Fault("out of order", what);

    public void HasBadOutcome(string what) => BadOutcomes += Fault("outcome", what);

    /// <summary>Something else is wrong: a process failed, a session ended, a message is not what was sent.</summary>
    public void IsWrong(string what) => Others += Fault("wrong", what);

    public void Print(string name)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string counts = string.Create(culture, $"lost {Lost}, twice {Twice}, out of order {OutOfOrder}, outcomes missing or untrue {BadOutcomes}, other faults {Others}");
        Console.WriteLine(string.Create(culture, $"{name}: {(IsGood ? "good" : "FAILED")}, {Sent} sent, {Handled} handled, {counts}"));
        Console.WriteLine($"  sent: {Listed(_streams)}");
        Console.WriteLine($"  outcomes: {Listed(_outcomes)}");
        foreach (string fault in _faults.Take(FaultsShown)) { Console.WriteLine($"  {fault}"); }
        if (_faults.Count > FaultsShown) { Console.WriteLine(string.Create(culture, $"  and {_faults.Count - FaultsShown} more")); }
    }

    private static string Listed(SortedDictionary<string, int> counts) => string.Join(", ", counts.Select(static count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value}")));

    private int Fault(string kind, string what)
    {
        _faults.Add($"{kind}: {what}");
        return 1;
    }
}
