namespace Eit.Protocol.Session;

/// <summary>What is charged besides payload for what is held for a peer (N6.1), so that many small things count as what they are.</summary>
public static class HoldSizes
{
    /// <summary>What a message or piece takes in a queue: its entry, and the room in which the queue grows.</summary>
    public const int Entry = 128;

    /// <summary>What a session takes that holds nothing.</summary>
    public const int Session = 4_096;

    /// <summary>What a piece takes that came early: an array and a place in a table too.</summary>
    internal const int EarlyPiece = 256;
}
