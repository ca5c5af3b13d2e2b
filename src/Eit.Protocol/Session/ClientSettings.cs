using Eit.Backoff;

namespace Eit.Protocol.Session;

/// <summary>The bounds and times of a client.</summary>
public sealed record ClientSettings
{
    /// <summary>Gets or sets the bounds and times of its sessions.</summary>
    public SessionSettings Session { get; set; } = new();

    /// <summary>Gets or sets how it redials.</summary>
    public RedialOptions Redial { get; set; } = new();

    /// <summary>Gets or sets how it cycles.</summary>
    public CycleOptions Cycle { get; set; } = new();

    /// <summary>Gets or sets whether a new transport is opened beside one that is suspiciously silent (L2.1), before the time-out ends it.</summary>
    /// <value>Default true.</value>
    public bool RacesOnSuspicion { get; set; } = true;

    /// <summary>Gets or sets whether a refusal (HTTP 403, close codes 4600 to 4699) is final; else it is tried again rarely.</summary>
    public bool StopsWhenRefused { get; set; }
}
