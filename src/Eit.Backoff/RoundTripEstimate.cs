namespace Eit.Backoff;

/// <summary>Estimates the time from a question to the peer to its answer (RFC 6298's smoothing).</summary>
public sealed class RoundTripEstimate
{
    /// <summary>Gets the smoothed round trip; zero before the first sample.</summary>
    public TimeSpan Smoothed { get; private set; }

    /// <summary>Gets the shortest round trip seen; zero before the first sample.</summary>
    public TimeSpan Shortest { get; private set; }

    /// <summary>Gets the last round trip; zero before the first sample.</summary>
    public TimeSpan Latest { get; private set; }

    /// <summary>Gets whether there has been a sample.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Adds a sample.</summary>
    /// <param name="sample">A measured round trip; negative ones are ignored.</param>
    public void Add(TimeSpan sample)
    {
        if (sample < TimeSpan.Zero) { return; }
        Latest = sample;
        Shortest = !IsKnown || sample < Shortest ? sample : Shortest;
        Smoothed = IsKnown ? (Smoothed * 0.875) + (sample * 0.125) : sample;
        IsKnown = true;
    }
}
