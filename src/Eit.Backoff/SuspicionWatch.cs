namespace Eit.Backoff;

/// <summary>Decides when a client that hears nothing opens a new transport beside the silent one, once per silence.</summary>
/// <remarks>Owns no timer: the holder races at or after <see cref="RaceAt"/>.</remarks>
public sealed class SuspicionWatch
{
    private readonly IJitter _jitter;
    private Instant _racedFor = Instant.Never;
    private double _share;

    /// <summary>Makes the watch of one client.</summary>
    /// <param name="jitter">The chance that the moment is drawn with.</param>
    public SuspicionWatch(IJitter jitter)
    {
        ArgumentNullException.ThrowIfNull(jitter);
        (_jitter, _share) = (jitter, jitter.Next());
    }

    /// <summary>Says when to race: after the longer of half the time-out and three round trips, and a share of the spread that is drawn for each silence.</summary>
    /// <param name="heardAt">When the peer was last heard.</param>
    /// <param name="timeout">The silence after which it is lost.</param>
    /// <param name="roundTrip">The time to the peer and back; zero if it is not known.</param>
    /// <param name="spread">The time over which the server wants its clients' dials to be drawn.</param>
    /// <returns><see cref="Instant.Never"/> if there was a race for this silence.</returns>
    public Instant RaceAt(Instant heardAt, TimeSpan timeout, TimeSpan roundTrip, TimeSpan spread)
    {
        if (heardAt == _racedFor) { return Instant.Never; }
        TimeSpan suspicious = roundTrip * 3 > timeout / 2 ? roundTrip * 3 : timeout / 2;
        return heardAt + suspicious + (spread * _share);
    }

    /// <summary>Tells that the race has begun.</summary>
    /// <param name="heardAt">When the peer was last heard.</param>
    public void Raced(Instant heardAt) => (_racedFor, _share) = (heardAt, _jitter.Next());
}
