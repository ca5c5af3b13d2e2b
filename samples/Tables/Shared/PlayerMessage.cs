using System.Text.Json;

namespace Tables.Shared;

/// <summary>What a player sends: a move, <c>{"take":2}</c>, or a word to the others, <c>{"say":"hello"}</c>.</summary>
internal sealed record PlayerMessage(int? Take = null, string? Say = null)
{
    /// <exception cref="JsonException">The text is not such a message.</exception>
    internal static PlayerMessage Parse(string text) => JsonSerializer.Deserialize<PlayerMessage>(text, JsonSerializerOptions.Web) ?? throw new JsonException("A message is an object.");

    internal string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}
