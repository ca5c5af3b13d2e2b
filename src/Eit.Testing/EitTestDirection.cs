namespace Eit.Testing;

/// <summary>A way through a network.</summary>
public enum EitTestDirection
{
    /// <summary>Both ways.</summary>
    Both,

    /// <summary>From the clients to the server.</summary>
    Up,

    /// <summary>From the server to the clients.</summary>
    Down,
}
