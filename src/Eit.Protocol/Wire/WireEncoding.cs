namespace Eit.Protocol.Wire;

/// <summary>How frames are written (V1.1).</summary>
public enum WireEncoding
{
    /// <summary><c>eit.v1.json</c>: readable, and spoken by every implementation.</summary>
    Json,

    /// <summary><c>eit.v1.bin</c>: compact.</summary>
    Binary,
}
