using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Eit.Rpc;

/// <summary>A message as it is sent.</summary>
internal readonly record struct RpcText(string Text, int Bytes)
{
    private static readonly JsonWriterOptions s_compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static RpcText Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, s_compact)) { write(writer); }
        return new RpcText(Encoding.UTF8.GetString(buffer.WrittenSpan), buffer.WrittenCount);
    }
}
