namespace Eit.Protocol.Wire;

/// <summary>The bits and numbers of the binary encoding (PROTOCOL.md, B).</summary>
internal static class BinaryLayout
{
    // The head of a data frame: its lane in the two lowest bits.
    internal const int LaneMask = 0x03;
    internal const int IsText = 0x04;
    internal const int IsPrompt = 0x08;
    internal const int WantsAck = 0x10;
    internal const int HasNumber = 0x20;
    internal const int HasOptions = 0x40;

    /// <summary>In the head of every other frame, with its type in the other bits.</summary>
    internal const int IsControl = 0x80;

    // The options of a data frame.
    internal const int HasMore = 0x01;
    internal const int HasKind = 0x02;
    internal const int HasLife = 0x04;
    internal const int HasMembers = 0x08;
    internal const int HasWrittenAt = 0x10;
    internal const int AllOptions = HasMore | HasKind | HasLife | HasMembers | HasWrittenAt;

    // The members of the other frames.
    internal const int AckExpired = 1;
    internal const int AckKnown = 2;
    internal const int AckFailed = 3;
    internal const int HelloFeatures = 1;
    internal const int HelloAgent = 2;
    internal const int WelcomeSecret = 1;
    internal const int WelcomeWhy = 2;
    internal const int WelcomeStandby = 3;
    internal const int WelcomeExpires = 4;
    internal const int WelcomeFeatures = 5;
    internal const int WelcomeAgent = 6;
    internal const int TermsExpires = 1;
    internal const int TermsOverloaded = 2;
}
