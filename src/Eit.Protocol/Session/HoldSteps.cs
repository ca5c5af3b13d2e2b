namespace Eit.Protocol.Session;

/// <summary>
/// When an account tells its budget what it holds: in steps, so that no message costs a look at what all sessions share. What is told is never less than what is held.
/// </summary>
public static class HoldSteps
{
    private const int Least = 4 * 1024;
    private const int Down = 64 * 1024;

    /// <summary>Says whether the budget has to hear of a change.</summary>
    /// <param name="held">What is held.</param>
    /// <param name="told">What the budget was told.</param>
    public static bool IsDue(long held, long told) => held > told || (told - held > Down && held < told / 2);

    /// <summary>What to tell: a little more, so that the next step is not the next message.</summary>
    /// <param name="held">What is held.</param>
    public static long Told(long held) => held == 0 ? 0 : held + Math.Max(Least, held / 8);
}
