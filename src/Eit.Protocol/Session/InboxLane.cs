namespace Eit.Protocol.Session;

/// <summary>What has come in one lane and is not processed.</summary>
internal sealed class InboxLane
{
    /// <summary>The complete messages that wait for the application.</summary>
    internal RingBuffer<InboundMessage> Messages;

    /// <summary>The message of which pieces are missing; null for none.</summary>
    internal LaneAssembly? Assembly;

    /// <summary>What the messages lie in: each lane has its own, so that what waits in a slow one does not hold what has passed it.</summary>
    internal PayloadArena Arena { get; } = new();

    /// <summary>How many messages the application has and has not finished with.</summary>
    internal int HandedOver { get; set; }

    /// <summary>The number of the last message that has expired behind those; 0 for none.</summary>
    internal long Passed { get; set; }

    /// <summary>Whether nothing would be missed if it were made anew.</summary>
    internal bool IsIdle => Messages.Count == 0 && Assembly is null && HandedOver == 0;

    /// <summary>Lets the memory go that only traffic needs.</summary>
    internal void Trim()
    {
        Messages.Trim();
        Arena.Trim();
    }
}
