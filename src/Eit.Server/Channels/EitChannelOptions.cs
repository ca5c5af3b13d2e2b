namespace Eit.Server.Channels;

/// <summary>The bounds of channels and timeouts.</summary>
public sealed record EitChannelOptions
{
    /// <summary>Gets or sets after what time a channel's handler that has not finished is reported: a warning in the log, and a count. The channel goes on waiting for it.</summary>
    /// <value>Default 30 s; 100 ms to 24 h.</value>
    public TimeSpan HandlerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how many pieces of work that were handed over by <see cref="EitChannels.Post"/> may wait for their turn in one channel.</summary>
    /// <value>Default 1,024; 1 to 1,000,000.</value>
    public int PostedMax { get; set; } = 1_024;

    /// <summary>Gets or sets how many timeouts there may be.</summary>
    /// <value>Default 1,000,000; 1 to 100,000,000.</value>
    public int TimeoutsMax { get; set; } = 1_000_000;

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "Channels")
    {
        if (HandlerTimeout < TimeSpan.FromMilliseconds(100) || HandlerTimeout > TimeSpan.FromHours(24)) { yield return $"{path}:HandlerTimeout ({HandlerTimeout}) must be 100 ms to 24 h."; }
        if (PostedMax is < 1 or > 1_000_000) { yield return $"{path}:PostedMax ({PostedMax}) must be 1 to 1,000,000."; }
        if (TimeoutsMax is < 1 or > 100_000_000) { yield return $"{path}:TimeoutsMax ({TimeoutsMax}) must be 1 to 100,000,000."; }
    }
}
