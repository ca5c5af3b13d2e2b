namespace Eit.Protocol.Wire;

/// <summary>The words of the JSON encoding, in the order of their enums.</summary>
internal static class WireNames
{
    private static readonly string[] s_types = ["hello", "welcome", "data", "ack", "ping", "pong", "switch", "resend", "cycle", "terms", "close"];
    private static readonly string[] s_wants = ["new", "resume", "cycle"];

    internal static string Of(FrameType type) => s_types[(int)type];

    internal static string Of(HelloWant want) => s_wants[(int)want];

    internal static bool TryType(string? name, out FrameType type)
    {
        int index = Array.IndexOf(s_types, name);
        type = (FrameType)index;
        return index >= 0;
    }

    internal static bool TryWant(string? name, out HelloWant want)
    {
        int index = Array.IndexOf(s_wants, name);
        want = (HelloWant)index;
        return index >= 0;
    }
}
