namespace Eit.Simulation.Exhaustive;

/// <summary>One of the things that can happen next.</summary>
/// <param name="Kind">What.</param>
/// <param name="AtServer">At which end: where a packet arrives, whose handler, whose clock.</param>
/// <param name="Epoch">Which transport or dial; for a handler, which session.</param>
internal readonly record struct Choice(ChoiceKind Kind, bool AtServer, int Epoch = 0)
{
    /// <summary>Whether it has to happen sooner or later.</summary>
    internal bool IsDue => Kind <= ChoiceKind.Wait;

    internal short Code => (short)(((int)Kind << 9) | (AtServer ? 256 : 0) | Epoch);

    internal static Choice Of(short code) => new((ChoiceKind)(code >> 9), (code & 256) != 0, code & 255);
}
