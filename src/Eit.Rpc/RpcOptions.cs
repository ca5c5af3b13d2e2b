using System.Text.Json.Serialization.Metadata;

namespace Eit.Rpc;

/// <summary>How one end of a session makes and serves calls.</summary>
public sealed record RpcOptions
{
    /// <summary>Gets or sets who knows the JSON of the arguments, results and data: the application's <c>JsonSerializerContext</c>, or <see cref="RpcJson.Reflection"/>.</summary>
    /// <value>Default null: only numbers, texts, truth values, dates, ids and JSON itself.</value>
    public IJsonTypeInfoResolver? Json { get; set; }

    /// <summary>Gets or sets how many of the other end's calls run at once; the others wait in order. One whose answer waits to leave counts as one that runs, so as many results of
    /// <see cref="ResultBytesMax"/> may wait. A call that comes back for one of this end's own that is open does not wait for these, and as many of them run at once for each.</summary>
    /// <value>Default 1; 1 to 65,536.</value>
    public int ParallelCalls { get; set; } = 1;

    /// <summary>Gets or sets how many calls may be under way, each way: a further one of this end waits for room, a further one of the other end is refused with <see cref="RpcError.TooManyCalls"/>.</summary>
    /// <value>Default 1,024; 1 to 65,536.</value>
    public int CallsUnderWayMax { get; set; } = 1024;

    /// <summary>Gets or sets how many bytes the calls under way may hold together: the other end's, beyond which a call is refused with <see cref="RpcError.TooManyCalls"/>; this end's own that
    /// wait to leave, beyond which a further one waits for room; and the items of a stream that are not read, beyond which no more are asked for.</summary>
    /// <value>Default 16 MiB; 1 KiB to 1 GiB.</value>
    public long CallBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Gets or sets the size of the largest call, in bytes of JSON; beyond, it is refused with <see cref="RpcError.TooLarge"/>, at this end before it is sent.</summary>
    /// <value>Default 256 KiB; 256 B to 16 MiB. What the session takes is a limit of its own.</value>
    public int ArgumentBytesMax { get; set; } = 256 * 1024;

    /// <summary>Gets or sets the size of the largest result or item of a stream, in bytes of JSON; beyond, the call fails with <see cref="RpcError.TooLarge"/>.</summary>
    /// <value>Default 512 KiB; 256 B to 16 MiB. What the session takes is a limit of its own.</value>
    public int ResultBytesMax { get; set; } = 512 * 1024;

    /// <summary>Gets or sets how many calls a second the other end may make, as a mean; as many may come at once. Beyond, a call is refused with <see cref="RpcError.TooFast"/>.</summary>
    /// <value>Default 10,000; 1 to 10,000,000.</value>
    public int CallsPerSecond { get; set; } = 10_000;

    /// <summary>Gets or sets how many events wait to leave while the other end is busy with those before; then no more is taken.</summary>
    /// <value>Default 1,024; 1 to 65,536.</value>
    public int EventsWaitingMax { get; set; } = 1024;

    /// <summary>Gets or sets how many bytes of JSON the events and actions hold together that wait to leave; then no more is taken, but a single one when none waits. Where more than this
    /// waits for the handlers of this end, the other end is not asked for more.</summary>
    /// <value>Default 16 MiB; 1 KiB to 1 GiB.</value>
    public long EventBytesWaitingMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Gets or sets how long a call may take that does not say so itself.</summary>
    /// <value>Default 60 s; 1 ms to 24 h, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how long the end of a session waits for methods that have been cancelled.</summary>
    /// <value>Default 5 s; 0 to 5 min.</value>
    public TimeSpan StopLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the clock.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "EitRpc")
    {
        if (ParallelCalls is < 1 or > 65_536) { yield return $"{path}:ParallelCalls ({ParallelCalls}) must be 1 to 65,536."; }
        if (CallsUnderWayMax is < 1 or > 65_536) { yield return $"{path}:CallsUnderWayMax ({CallsUnderWayMax}) must be 1 to 65,536."; }
        if (CallBytesMax is < 1024 or > 1L << 30) { yield return $"{path}:CallBytesMax ({CallBytesMax}) must be 1 KiB to 1 GiB."; }
        if (ArgumentBytesMax is < 256 or > 16 * 1024 * 1024) { yield return $"{path}:ArgumentBytesMax ({ArgumentBytesMax}) must be 256 B to 16 MiB."; }
        if (ResultBytesMax is < 256 or > 16 * 1024 * 1024) { yield return $"{path}:ResultBytesMax ({ResultBytesMax}) must be 256 B to 16 MiB."; }
        if (CallsPerSecond is < 1 or > 10_000_000) { yield return $"{path}:CallsPerSecond ({CallsPerSecond}) must be 1 to 10,000,000."; }
        if (EventsWaitingMax is < 1 or > 65_536) { yield return $"{path}:EventsWaitingMax ({EventsWaitingMax}) must be 1 to 65,536."; }
        if (EventBytesWaitingMax is < 1024 or > 1L << 30) { yield return $"{path}:EventBytesWaitingMax ({EventBytesWaitingMax}) must be 1 KiB to 1 GiB."; }
        if (CallTimeout != Timeout.InfiniteTimeSpan && (CallTimeout < TimeSpan.FromMilliseconds(1) || CallTimeout > TimeSpan.FromHours(24))) { yield return $"{path}:CallTimeout ({CallTimeout}) must be 1 ms to 24 h, or infinite."; }
        if (StopLimit < TimeSpan.Zero || StopLimit > TimeSpan.FromMinutes(5)) { yield return $"{path}:StopLimit ({StopLimit}) must be 0 to 5 min."; }
    }

    internal RpcOptions Checked(string parameter)
    {
        string faults = string.Join(' ', Faults());
        return faults.Length == 0 ? this with { } : throw new ArgumentException(faults, parameter);
    }
}
