namespace Eit.Simulation.Exhaustive;

/// <summary>A state of one end, known by its digest, reached first by one input from another.</summary>
/// <param name="Before">The state before; -1 for the first.</param>
/// <param name="By">What led here.</param>
/// <param name="View">What a world has to know of it.</param>
internal sealed record EndNode(int Before, EndInput By, EndView View);
