using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Eit.Rpc;

/// <summary>A message as it is sent.</summary>
internal readonly record struct RpcText(string Text, int Bytes)
{
    private const int KeptBytesMax = 16 * 1024;
    private static readonly JsonWriterOptions s_compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static Desk? s_desk;

    internal static RpcText Write(Action<Utf8JsonWriter> write)
    {
        Desk desk = s_desk ?? new Desk();
        s_desk = null;                                             // A converter of the application's own may write another message meanwhile.
        write(desk.Writer);
        desk.Writer.Flush();
        var text = new RpcText(Encoding.UTF8.GetString(desk.Buffer.WrittenSpan), desk.Buffer.WrittenCount);
        if (desk.Buffer.Capacity > KeptBytesMax) { return text; }
        desk.Buffer.ResetWrittenCount();
        desk.Writer.Reset(desk.Buffer);
        s_desk = desk;
        return text;
    }

    /// <summary>What a thread writes on.</summary>
    private sealed class Desk
    {
        internal Desk() => Writer = new Utf8JsonWriter(Buffer, s_compact);

        internal ArrayBufferWriter<byte> Buffer { get; } = new(256);

        internal Utf8JsonWriter Writer { get; }
    }
}
