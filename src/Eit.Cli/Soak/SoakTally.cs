namespace Eit.Cli.Soak;

/// <summary>What became of the messages.</summary>
/// <param name="Sent">How many messages the library accepted.</param>
/// <param name="Received">How many echoes came.</param>
/// <param name="Lost">How many messages had no echo.</param>
/// <param name="Duplicated">How many echoes were of a message whose echo had come.</param>
/// <param name="Reordered">How many echoes came after that of a message that was sent later.</param>
/// <param name="Altered">How many echoes were of nothing that was sent.</param>
/// <param name="Late">How many echoes took longer than allowed.</param>
internal sealed record SoakTally(long Sent, long Received, long Lost, long Duplicated, long Reordered, long Altered, long Late)
{
    internal static SoakTally None { get; } = new(0, 0, 0, 0, 0, 0, 0);

    /// <summary>Gets whether every message came back once, in order, unaltered and in time.</summary>
    internal bool IsPerfect => (Lost, Duplicated, Reordered, Altered, Late) == (0, 0, 0, 0, 0) && Sent == Received;

    internal SoakTally Plus(SoakTally other) => new(
        Sent + other.Sent, Received + other.Received, Lost + other.Lost, Duplicated + other.Duplicated, Reordered + other.Reordered, Altered + other.Altered, Late + other.Late);
}
