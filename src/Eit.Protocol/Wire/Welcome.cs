using System.Buffers.Text;

namespace Eit.Protocol.Wire;

/// <summary>The body of a welcome frame (S).</summary>
public sealed record Welcome
{
    /// <summary>Gets the session that the transport now belongs to.</summary>
    public required SessionId Session { get; init; }

    /// <summary>Gets the secret of a new session: 32 bytes in base64url; null when it was resumed.</summary>
    public string? Secret { get; init; }

    /// <summary>Gets the epoch of the hello that is answered.</summary>
    public required long Epoch { get; init; }

    /// <summary>Gets whether the session goes on; else it is a new one.</summary>
    public required bool IsResumed { get; init; }

    /// <summary>Gets why the session that was asked for does not go on; null otherwise.</summary>
    public string? Why { get; init; }

    /// <summary>Gets whether the client confirms the new session only when it has closed its old one (S3.5).</summary>
    public bool IsStandby { get; init; }

    /// <summary>Gets what the server has received.</summary>
    public long Received { get; init; }

    /// <summary>Gets what the server has processed.</summary>
    public LaneMarks Processed { get; init; }

    /// <summary>Gets the silence after which the server gives a transport up.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Gets the silence after which the client gives a transport up, moved into the server's bounds.</summary>
    public required TimeSpan ClientTimeout { get; init; }

    /// <summary>Gets the largest message that the server takes, in bytes.</summary>
    public required long MessageBytesMax { get; init; }

    /// <summary>Gets how much the client may send in all.</summary>
    public required Credit Credit { get; init; }

    /// <summary>Gets how long the session waits for its client in an outage.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>Gets the time over which the server wants redials to be drawn.</summary>
    public required TimeSpan Spread { get; init; }

    /// <summary>Gets the remaining life of this transport's credentials; null if they have no end.</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>Gets the features that the server names (V1.7).</summary>
    public FeatureSet Features { get; init; } = FeatureSet.None;

    /// <summary>Gets what the server calls itself (V1.10); null if it does not say.</summary>
    public string? Agent { get; init; }

    /// <summary>Reads the secret.</summary>
    /// <returns>Its bytes; empty if there is none or it is not base64url.</returns>
    public byte[] DecodeSecret() => Secret is { } secret && Base64Url.IsValid(secret) ? Base64Url.DecodeFromChars(secret) : [];
}
