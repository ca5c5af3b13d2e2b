namespace Eit.Faults.Tests;

/// <summary>How a talk goes.</summary>
/// <param name="Pace">The time from one message to the next, each way.</param>
/// <param name="SizeChars">How long the messages are.</param>
internal sealed record TalkOptions(TimeSpan Pace, int SizeChars)
{
    internal static TalkOptions Lively { get; } = new(TimeSpan.FromMilliseconds(20), 100);
}
