using System.Text.Json;

namespace Eit.Cli.Serve.Exec;

/// <summary>What a command wants done: one line of its output.</summary>
/// <param name="Kind">What.</param>
/// <param name="Id">To which connection; null for a broadcast.</param>
/// <param name="Channel">To the connections of which channel; null: to all of the endpoint.</param>
/// <param name="Except">Which connection a broadcast leaves out.</param>
/// <param name="Message">The message.</param>
/// <param name="Reason">What the client of a connection that is closed is told.</param>
internal sealed record ExecAction(ExecActionKind Kind, string? Id, string? Channel, string? Except, ExecMessage Message, string? Reason)
{
    /// <summary>Reads a line. Members that are not known are passed over, so that an event can be turned into an action.</summary>
    /// <exception cref="FormatException">It is no action.</exception>
    internal static ExecAction Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) { throw new FormatException("it is no object"); }
            ExecActionKind kind = TextOf(root, "action") switch
            {
                "send" => ExecActionKind.Send,
                "broadcast" => ExecActionKind.Broadcast,
                "close" => ExecActionKind.Close,
                _ => throw new FormatException("its action is none of send, broadcast and close"),
            };
            var message = new ExecMessage(TextOf(root, "text"), root.TryGetProperty("base64", out JsonElement bytes) ? bytes.GetBytesFromBase64() : null);
            var action = new ExecAction(kind, TextOf(root, "id"), TextOf(root, "channel"), TextOf(root, "except"), message, TextOf(root, "reason"));
            if (kind != ExecActionKind.Broadcast && action.Id is null) { throw new FormatException("it has no id"); }
            if (kind != ExecActionKind.Close && message.Text is null == message.Bytes is null) { throw new FormatException("it has not one of text and base64"); }
            return action;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException) { throw new FormatException("it is not the JSON of an action", wrong); }
    }

    private static string? TextOf(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
