namespace Eit.Chaos;

/// <summary>A way through the proxy.</summary>
public enum ChaosDirection
{
    /// <summary>Both ways.</summary>
    Both,

    /// <summary>From the client to the upstream.</summary>
    Up,

    /// <summary>From the upstream to the client.</summary>
    Down,
}
