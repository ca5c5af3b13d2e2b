namespace Eit.Simulation.Exhaustive;

/// <summary>
/// Runs a fresh end along one whole path next to what is remembered, and compares: if two histories led to one state that is not really one,
/// a digest has left something out.
/// </summary>
internal sealed class AuditedEnd(EndAutomaton known) : IEndStepper
{
    private readonly ExploredEnd _fresh = known.NewEnd();

    public EndView View(int node) => known.View(node);

    public EndEffect Step(int node, EndInput input)
    {
        EndEffect remembered = known.Step(node, input);
        EndEffect seen = _fresh.Do(input);
        if (remembered.DoesTheSame(seen) && known.IsAt(remembered.Next, _fresh)) { return remembered; }
        return new EndEffect { Next = remembered.Next, Packets = [], Dials = [], Events = [], Failure = $"a digest leaves something out: {input} in '{known.View(node).Text}' did before: {remembered.Describe()}; now: {seen.Describe()} {known.View(remembered.Next).Text} {_fresh.View().Text}" };
    }
}
