namespace Eit.Compat;

/// <summary>An end as one commit builds it: <c>old</c>, the baseline, or <c>new</c>, the present one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Program">The path of its tests/Eit.Compat.End.</param>
internal sealed record Age(string Name, string Program);
