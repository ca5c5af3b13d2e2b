namespace Eit.Server;

/// <summary>Whether an endpoint admits plain clients.</summary>
/// <param name="QueryToken">The name of the member of the query that may hold a token; null if none may.</param>
internal sealed record PlainClientPolicy(string? QueryToken);
