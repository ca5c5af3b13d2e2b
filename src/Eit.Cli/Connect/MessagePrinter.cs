using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Eit.Cli.Connect;

/// <summary>Writes messages, a line each.</summary>
/// <param name="output">Where to.</param>
/// <param name="options">How.</param>
/// <param name="isTerminal">Whether somebody looks at it: then no message can steer the terminal.</param>
internal sealed class MessagePrinter(Stream output, ConnectOptions options, bool isTerminal)
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal async ValueTask PrintAsync(ConnectMessage message)
    {
        if (message.Text is null && options.Payload == ConnectPayload.Binary)
        {
            await WriteAsync([.. message.Bytes.Span, (byte)'\n']);
            return;
        }
        string text = message.Text is { } given ? Indent(given) : Convert.ToBase64String(message.Bytes.Span);
        await WriteAsync(Encoding.UTF8.GetBytes((isTerminal ? Terminal.Lines(text) : text) + '\n'));
    }

    private async ValueTask WriteAsync(byte[] bytes)
    {
        await output.WriteAsync(bytes);
        await output.FlushAsync();
    }

    private string Indent(string text)
    {
        if (!options.IsJson) { return text; }
        try { return JsonNode.Parse(text)?.ToJsonString(s_indented) ?? text; }
        catch (JsonException) { return text; }
    }
}
