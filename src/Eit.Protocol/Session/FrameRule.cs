namespace Eit.Protocol.Session;

/// <summary>What a session does with a frame, before it looks at what the frame says.</summary>
public enum FrameRule
{
    /// <summary>It acts on it.</summary>
    Act,

    /// <summary>It ends: the frame has no place there (X1.2).</summary>
    BadState,

    /// <summary>It takes no notice (X1.3).</summary>
    Ignore,
}
