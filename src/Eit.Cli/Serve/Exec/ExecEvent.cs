using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Eit.Server;

namespace Eit.Cli.Serve.Exec;

/// <summary>Writes what a command is told: one line for each event.</summary>
internal static class ExecEvent
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static ReadOnlyMemory<byte> Connect(EitSession session) => Write("connect", session, static (_, _) => { }, 0);

    internal static ReadOnlyMemory<byte> Message(EitSession session, string text) => Write("message", session, static (json, text) => json.WriteString("text", text), text);

    internal static ReadOnlyMemory<byte> Message(EitSession session, ReadOnlyMemory<byte> bytes) => Write("message", session, static (json, bytes) => json.WriteBase64String("base64", bytes.Span), bytes);

    internal static ReadOnlyMemory<byte> Disconnect(EitSession session, EitSessionEnd end) => Write("disconnect", session, static (json, end) =>
    {
        json.WriteNumber("code", (int)end.Code);
        json.WriteString("reason", end.Reason);
    }, end);

    private static ReadOnlyMemory<byte> Write<T>(string name, EitSession session, Action<Utf8JsonWriter, T> writeMore, T more)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line, s_options))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            json.WriteString("id", session.Id.ToString());
            json.WriteString("user", session.User);
            json.WriteString("channel", session.Path.TrimEnd('/'));
            writeMore(json, more);
            json.WriteEndObject();
        }
        line.Write("\n"u8);
        return line.WrittenMemory;
    }
}
