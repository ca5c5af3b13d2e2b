namespace Eit.Protocol.Wire;

/// <summary>The body of a hello frame (S).</summary>
public sealed record Hello
{
    /// <summary>Gets the client object that speaks.</summary>
    public required InstanceId Instance { get; init; }

    /// <summary>Gets the number of this transport within its session.</summary>
    public required long Epoch { get; init; }

    /// <summary>Gets what the client wants.</summary>
    public required HelloWant Want { get; init; }

    /// <summary>Gets the reason, a word for the log.</summary>
    public string Why { get; init; } = "first";

    /// <summary>Gets the session to resume or cycle.</summary>
    public SessionId? Session { get; init; }

    /// <summary>Gets the proof that the client owns the session (R1.2).</summary>
    public string? Proof { get; init; }

    /// <summary>Gets what the client has received.</summary>
    public long Received { get; init; }

    /// <summary>Gets what the client has processed.</summary>
    public LaneMarks Processed { get; init; }

    /// <summary>Gets the silence after which the client would like to give a transport up.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Gets the largest message that the client takes, in bytes.</summary>
    public required long MessageBytesMax { get; init; }

    /// <summary>Gets how much the server may send in all.</summary>
    public required Credit Credit { get; init; }

    /// <summary>Gets the features that the client names (V1.7).</summary>
    public FeatureSet Features { get; init; } = FeatureSet.None;

    /// <summary>Gets what the client calls itself (V1.10); null if it does not say.</summary>
    public string? Agent { get; init; }
}
