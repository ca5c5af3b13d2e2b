namespace Eit.Backoff;

/// <summary>What an <see cref="IdleWatch"/> thinks of the peer.</summary>
public enum IdleVerdict
{
    /// <summary>It was heard of not long ago.</summary>
    Alive,

    /// <summary>The time-out has passed, but this side was asleep: read what is queued, then ask again.</summary>
    ListenFirst,

    /// <summary>It has been silent for its time-out.</summary>
    Lost,
}
