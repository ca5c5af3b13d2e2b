using Eit.Protocol.Session;

namespace Eit.Link;

/// <summary>Counts how many sessions hold a payload that they share.</summary>
/// <param name="whenGone">Called once, by whoever is the last to let it go; may run under the lock of a session.</param>
public sealed class PayloadHolders(Action whenGone) : IPayloadHolders
{
    private const int NotYetKnown = int.MaxValue / 2;

    private int _holders = NotYetKnown;

    /// <summary>Tells how many sessions have taken it over; some may be through with it by now.</summary>
    /// <param name="holders">How many.</param>
    public void TakenBy(int holders)
    {
        if (Interlocked.Add(ref _holders, holders - NotYetKnown) == 0) { whenGone(); }
    }

    /// <inheritdoc/>
    public void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) == 0) { whenGone(); }
    }
}
