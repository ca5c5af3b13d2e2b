namespace Eit.Testing;

/// <summary>What is wrong with a history.</summary>
public enum EitHistoryFaultKind
{
    /// <summary>A message was sent and never handled, and nobody was told that it may have been lost.</summary>
    Lost,

    /// <summary>A message was handled twice.</summary>
    Duplicate,

    /// <summary>A message was handled after one that was sent later, in the same lane or with the same key.</summary>
    OutOfOrder,

    /// <summary>A message was handled that nobody has sent.</summary>
    Unsent,

    /// <summary>The sender was told something of a message that is not so.</summary>
    UntrueOutcome,
}
