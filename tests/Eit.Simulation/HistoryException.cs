namespace Eit.Simulation;

/// <summary>A promise was broken.</summary>
internal sealed class HistoryException(string message) : Exception(message);
