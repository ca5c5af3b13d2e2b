namespace Eit.Backoff;

/// <summary>Decides which lane is next: the highest that has something, or every second time one in which something has waited too long.</summary>
/// <param name="step">The wait for each lane between it and the highest after which it is its turn.</param>
/// <remarks>So no lane starves, and what is in the highest waits for at most one of another.</remarks>
public sealed class LaneTurns(TimeSpan step)
{
    private bool _wasOverdue;

    /// <summary>Gets everything that its next answer depends on but the moments.</summary>
    public bool State => _wasOverdue;

    /// <summary>Picks a lane.</summary>
    /// <param name="waitingSince">When what is next in each lane began to wait, the highest lane first; <see cref="Instant.Never"/> for a lane without anything. One lane has something.</param>
    /// <param name="now">The time.</param>
    /// <returns>Its index.</returns>
    public int Pick(ReadOnlySpan<Instant> waitingSince, Instant now)
    {
        int highest = 0;
        while (waitingSince[highest] == Instant.Never) { highest++; }
        if (_wasOverdue) { return highest; }
        int pick = highest;
        for (int lane = highest + 1; lane < waitingSince.Length; lane++)
        {
            bool isOverdue = now.Since(waitingSince[lane]) > step * (lane - highest);
            if (isOverdue && (pick == highest || waitingSince[lane] < waitingSince[pick])) { pick = lane; }
        }
        return pick;
    }

    /// <summary>Tells that a lane has had its turn.</summary>
    /// <param name="wasOverdue">Whether a higher lane had something too.</param>
    public void Took(bool wasOverdue) => _wasOverdue = wasOverdue;
}
