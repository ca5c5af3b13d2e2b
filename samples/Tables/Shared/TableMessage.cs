using System.Text.Json;

namespace Tables.Shared;

/// <summary>What the table sends: what has happened, and how things stand since.</summary>
/// <param name="What">What has happened, in a sentence.</param>
/// <param name="Stones">How many stones are left.</param>
/// <param name="Turn">Whose turn it is; null while nobody can play.</param>
/// <param name="SecondsLeft">How long that player may take.</param>
/// <param name="Seats">Who plays, in their order.</param>
internal sealed record TableMessage(string What, int Stones, string? Turn, int SecondsLeft, IReadOnlyList<SeatInfo> Seats)
{
    /// <exception cref="JsonException">The text is not such a message.</exception>
    internal static TableMessage Parse(string text) => JsonSerializer.Deserialize<TableMessage>(text, JsonSerializerOptions.Web) ?? throw new JsonException("A message is an object.");

    internal string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}
