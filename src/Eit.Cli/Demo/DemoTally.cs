namespace Eit.Cli.Demo;

/// <summary>What became of the messages of one direction.</summary>
/// <param name="Sent">How many messages the library accepted.</param>
/// <param name="Received">How many times the other end's handler was called.</param>
/// <param name="Lost">How many sent messages never arrived.</param>
/// <param name="Duplicated">How many arrivals were of a message that had arrived before.</param>
/// <param name="Reordered">How many messages arrived for the first time after one that was sent later.</param>
/// <param name="Altered">How many arrivals were of something that was never sent.</param>
internal sealed record DemoTally(int Sent, int Received, int Lost, int Duplicated, int Reordered, int Altered)
{
    /// <summary>Gets whether every message arrived once, in order and as it was sent.</summary>
    internal bool IsPerfect => (Lost, Duplicated, Reordered, Altered) == (0, 0, 0, 0) && Sent == Received;
}
