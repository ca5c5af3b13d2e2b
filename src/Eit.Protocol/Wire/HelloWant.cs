namespace Eit.Protocol.Wire;

/// <summary>What a client wants of a new transport (S2.1).</summary>
public enum HelloWant
{
    /// <summary>A new session.</summary>
    New,

    /// <summary>To go on with its session after a loss (R).</summary>
    Resume,

    /// <summary>To move its living session over (H).</summary>
    Cycle,
}
