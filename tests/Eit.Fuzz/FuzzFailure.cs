namespace Eit.Fuzz;

/// <summary>A case that has failed.</summary>
/// <param name="Seed">The seed that repeats it.</param>
/// <param name="What">What happened.</param>
internal sealed record FuzzFailure(ulong Seed, string What);
