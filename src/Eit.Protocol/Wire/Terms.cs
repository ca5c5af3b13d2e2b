namespace Eit.Protocol.Wire;

/// <summary>The body of a terms frame: what has changed since welcome (S3.2).</summary>
/// <param name="Spread">The time over which redials should be drawn.</param>
/// <param name="Expires">The remaining life of the transport's credentials; null if nothing changed.</param>
/// <param name="IsOverloaded">Whether the server has too much to do: its clients do not race (L2.1).</param>
public sealed record Terms(TimeSpan Spread, TimeSpan? Expires, bool IsOverloaded = false)
{
    /// <summary>Gets what counts when these come after others: what they do not name stays as it was.</summary>
    /// <param name="earlier">The others.</param>
    internal Terms After(Terms earlier) => Expires is null ? this with { Expires = earlier.Expires } : this;
}
