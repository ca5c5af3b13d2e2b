namespace Eit.Server;

/// <summary>Why a request is refused before it becomes a WebSocket (A1.1, A1.2).</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Text">What the client is told; nothing that helps an attacker.</param>
internal sealed record Refusal(int Status, string Text)
{
    /// <summary>Gets the wait to ask for; null for none.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
