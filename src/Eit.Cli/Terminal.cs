using Eit.Link;

namespace Eit.Cli;

/// <summary>What the tool says to people. Whatever it repeats of a peer, a server or a file can neither steer a terminal nor begin a line of its own.</summary>
internal static class Terminal
{
    /// <summary>Makes a text one line that is harmless.</summary>
    internal static string Line(string text) => PeerText.Escape(text, keep: "") ?? text;

    /// <summary>Makes a text of several lines harmless.</summary>
    internal static string Lines(string text) => PeerText.Escape(text, keep: "\n\t") ?? text;

    /// <summary>Says a line.</summary>
    internal static void Say(TextWriter to, string text) => to.WriteLine(Line(text));

    /// <summary>Says what has gone wrong.</summary>
    internal static Task FailAsync(TextWriter error, string why) => error.WriteLineAsync($"eit: {Line(why)}");
}
