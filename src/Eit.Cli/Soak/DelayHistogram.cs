namespace Eit.Cli.Soak;

/// <summary>Counts delays in classes of which each is 2 % longer than the one before, from 10 µs to an hour and more. Safe from any thread.</summary>
internal sealed class DelayHistogram
{
    private const double Growth = 1.02;
    private const int Classes = 1_000;

    private static readonly TimeSpan s_least = TimeSpan.FromMicroseconds(10);

    private readonly int[] _counts = new int[Classes];
    private long _longest;

    internal TimeSpan Longest => new(Interlocked.Read(ref _longest));

    internal void Add(TimeSpan delay)
    {
        int index = delay <= s_least ? 0 : (int)Math.Min(Classes - 1, Math.Log(delay / s_least, Growth));
        Interlocked.Increment(ref _counts[index]);
        long longest = Interlocked.Read(ref _longest);
        while (delay.Ticks > longest) { longest = Interlocked.CompareExchange(ref _longest, delay.Ticks, longest) is var seen && seen == longest ? delay.Ticks : seen; }
    }

    /// <summary>Gives a delay that a share of all does not exceed; zero if there is none.</summary>
    internal TimeSpan Quantile(double share)
    {
        long rest = (long)Math.Ceiling(_counts.Sum(static count => (long)count) * share);
        if (rest == 0) { return TimeSpan.Zero; }
        int index = 0;
        while ((rest -= _counts[index]) > 0) { index++; }
        TimeSpan bound = s_least * Math.Pow(Growth, index + 1);
        return bound < Longest ? bound : Longest;
    }
}
