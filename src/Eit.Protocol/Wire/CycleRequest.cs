namespace Eit.Protocol.Wire;

/// <summary>The body of a cycle frame: the server asks the client to move to a new transport (H1.1).</summary>
/// <param name="Why">The reason: <c>drain</c>, <c>age</c>, <c>request</c>.</param>
/// <param name="Within">The time within which.</param>
public sealed record CycleRequest(string Why, TimeSpan Within);
