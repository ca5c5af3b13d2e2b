namespace Eit.Server;

/// <summary>Why a request is refused before it becomes a WebSocket (A1.1, A1.2).</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Text">What the client is told; nothing that helps an attacker.</param>
internal sealed record Refusal(int Status, string Text)
{
    /// <summary>Gets what the log says of it: what was compared, and the option to look at. Without a secret; null: no more than the client is told.</summary>
    internal string? Why { get; init; }

    /// <summary>Gets the wait to ask for; null for none.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
