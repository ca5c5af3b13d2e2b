namespace Eit.EndToEnd.Tests;

/// <summary>Tests that nothing else may run beside: of this assembly by this collection, of others by the trait <c>Runs</c>, which <c>./test</c> knows.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
