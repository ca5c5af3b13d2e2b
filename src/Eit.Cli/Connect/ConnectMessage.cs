using System.Text;

namespace Eit.Cli.Connect;

/// <summary>A message made of a line of the input: a text or bytes.</summary>
internal readonly record struct ConnectMessage(string? Text, ReadOnlyMemory<byte> Bytes)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Makes a message of a line.</summary>
    /// <param name="line">The line, without its end; copied.</param>
    /// <param name="payload">What it is.</param>
    /// <exception cref="FormatException">It is not that.</exception>
    internal static ConnectMessage Of(ReadOnlySpan<byte> line, ConnectPayload payload)
    {
        if (payload == ConnectPayload.Binary) { return new(Text: null, line.ToArray()); }
        string text;
        try { text = s_strict.GetString(line); }
        catch (DecoderFallbackException wrong) { throw new FormatException("is not UTF-8; --binary sends bytes as they are", wrong); }
        if (payload == ConnectPayload.Text) { return new(text, default); }
        byte[] bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out int length) ? new(Text: null, bytes.AsMemory(0, length)) : throw new FormatException("is not base64");
    }
}
