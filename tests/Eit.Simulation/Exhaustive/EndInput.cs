namespace Eit.Simulation.Exhaustive;

/// <summary>Something that happens to one end.</summary>
/// <param name="Kind">What.</param>
/// <param name="Epoch">The epoch of the transport or dial; 0 if it is about none.</param>
/// <param name="What">The word for the packet or hello; the place of the session of a handler.</param>
internal readonly record struct EndInput(EndInputKind Kind, int Epoch = 0, int What = 0)
{
    internal ulong Key => ((ulong)Kind << 28) | ((ulong)Epoch << 20) | (uint)What;
}
