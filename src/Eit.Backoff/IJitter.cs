namespace Eit.Backoff;

/// <summary>The chance that a decision is made with. The pure floors draw no random number themselves.</summary>
public interface IJitter
{
    /// <summary>Draws a number from 0 (included) to 1 (excluded), evenly.</summary>
    double Next();
}
