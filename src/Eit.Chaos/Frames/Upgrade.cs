namespace Eit.Chaos.Frames;

/// <summary>What the two directions of a connection know of its beginning. The server answers after the client has asked: so the one who reads was told by the one who wrote.</summary>
internal sealed class Upgrade
{
    private volatile bool _isAsked;
    private volatile bool _isDone;

    /// <summary>Gets or sets whether the client has asked for a WebSocket.</summary>
    internal bool IsAsked
    {
        get => _isAsked;
        set => _isAsked = value;
    }

    /// <summary>Gets or sets whether the server has agreed.</summary>
    internal bool IsDone
    {
        get => _isDone;
        set => _isDone = value;
    }
}
