namespace Eit.Protocol.Session;

/// <summary>Which of the two programs of a conversation this is.</summary>
public enum EitEnd
{
    /// <summary>The one that opens transports.</summary>
    Client,

    /// <summary>The one that accepts them.</summary>
    Server,
}
