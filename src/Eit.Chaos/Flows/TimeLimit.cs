namespace Eit.Chaos.Flows;

/// <summary>A token that is cancelled after a time, or with another one.</summary>
internal sealed class TimeLimit : IDisposable
{
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenRegistration _other;

    internal TimeLimit(TimeSpan time, TimeProvider clock, CancellationToken other)
    {
        _limit = new CancellationTokenSource(time, clock);
        _other = other.Register(static limit => ((CancellationTokenSource)limit!).Cancel(), _limit);
    }

    internal CancellationToken Token => _limit.Token;

    public void Dispose()
    {
        _other.Dispose();
        _limit.Dispose();
    }
}
