namespace Eit.Cli.Serve;

/// <summary>Whose a token is.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Expires">Until when it counts.</param>
internal sealed record TokenEntry(string Name, DateTimeOffset Expires);
