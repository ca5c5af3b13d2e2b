namespace Eit.Fuzz;

/// <summary>Says what an input has done that no input may do.</summary>
internal sealed class FuzzException(string message) : Exception(message);
