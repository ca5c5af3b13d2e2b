using System.Text;

namespace Eit.Cli;

/// <summary>The border to data that others have written: files, options, answers. Whatever is wrong with them is a <see cref="FormatException"/> of one line, and never the end of the program.</summary>
internal static class Outside
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Tells whether an exception says something of the data, and nothing of the process.</summary>
    internal static bool IsFault(Exception failure) => failure is not (OutOfMemoryException or OperationCanceledException or AccessViolationException);

    /// <summary>Says in one line what an exception says.</summary>
    internal static string Line(Exception failure) => Terminal.Line(failure.Message.ReplaceLineEndings(" "));

    /// <summary>Does what reads.</summary>
    /// <param name="what">What is read; the message begins with it.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="FormatException">It can't be used.</exception>
    internal static T Read<T>(string what, Func<T> read)
    {
        try { return read(); }
        catch (FormatException) { throw; }
        catch (Exception failure) when (IsFault(failure)) { throw new FormatException($"{what} can't be used: {Line(failure).TrimEnd('.')}", failure); }
    }

    /// <summary>Decodes the bytes of a file, without the mark that some editors write before a text.</summary>
    /// <param name="what">What the file is called.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <exception cref="FormatException">They are not UTF-8, or hold a NUL.</exception>
    internal static string Decode(string what, ReadOnlySpan<byte> bytes)
    {
        string text;
        try { text = s_strict.GetString(bytes); }
        catch (DecoderFallbackException wrong) { throw new FormatException($"{what} is not UTF-8: byte {wrong.Index + 1} belongs to no character", wrong); }
        if (text.Contains('\0', StringComparison.Ordinal)) { throw new FormatException($"{what} holds a NUL"); }
        return text.StartsWith('\uFEFF') ? text[1..] : text;
    }
}
