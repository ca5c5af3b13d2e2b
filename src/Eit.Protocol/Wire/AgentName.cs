using System.Reflection;
using System.Text;

namespace Eit.Protocol.Wire;

/// <summary>What a program calls itself in hello and welcome (V1.10): a name and a version, for people.</summary>
public static class AgentName
{
    /// <summary>The most characters of a name.</summary>
    public const int CharsMax = 64;

    /// <summary>Gets the name of this implementation: <c>eit-dotnet/1.2.3</c>.</summary>
    public static string Own { get; } = Harmless($"eit-dotnet/{VersionOf(typeof(AgentName).Assembly)}")!;

    /// <summary>Says whether a name can be said as it is: 1 to <see cref="CharsMax"/> printable ASCII characters.</summary>
    /// <param name="name">The name.</param>
    public static bool IsLegal(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= CharsMax && !name.AsSpan().ContainsAnyExceptInRange(' ', '~');
    }

    /// <summary>Makes what a peer calls itself fit for a log or a terminal: what is too long is cut off, and <c>?</c> stands for everything but printable ASCII.</summary>
    /// <param name="said">What it said; null for nothing.</param>
    /// <returns>The name; null if it has none.</returns>
    internal static string? Harmless(string? said)
    {
        if (string.IsNullOrEmpty(said)) { return null; }
        if (IsLegal(said)) { return said; }
        var name = new StringBuilder(CharsMax);
        foreach (Rune rune in said.EnumerateRunes())
        {
            if (name.Length == CharsMax) { break; }
            name.Append(rune.Value is >= ' ' and <= '~' ? (char)rune.Value : '?');
        }
        return name.ToString();
    }

    /// <summary>The version of a build, without the commit that some builds put behind it.</summary>
    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
