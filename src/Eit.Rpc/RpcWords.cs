using Eit.Link;

namespace Eit.Rpc;

/// <summary>Cuts what the other end says in words where it comes in, and escapes what would steer a terminal or forge a line of a log.</summary>
internal static class RpcWords
{
    private const int NameCharsMax = 128;
    private const int ErrorCharsMax = 16 * 1024;

    /// <summary>A name of a method as it is shown.</summary>
    internal static string OfName(string name) => PeerText.Harmless(Cut(name, NameCharsMax));

    /// <summary>Why a call failed; lines and tabs stay.</summary>
    internal static string OfError(string? message)
    {
        string cut = message is null ? "The call failed." : Cut(message, ErrorCharsMax);
        return PeerText.Escape(cut, keep: "\n\t") ?? cut;
    }

    private static string Cut(string text, int charsMax) => text.Length <= charsMax ? text : $"{text.AsSpan(0, charsMax)}...";
}
