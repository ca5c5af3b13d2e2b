using System.Text;
using System.Text.Json;

namespace Eit.Protocol.Tests;

/// <summary>Writes JSON that means the same in another way: other order, other spacing, other escapes, members that nobody knows.</summary>
internal static class JsonScrambler
{
    private static readonly string[] s_spaces = ["", "", "", " ", "\n", "\r\n\t  "];
    private static readonly string[] s_unknown =
    [
        "\"x\":1", "\"x\":-1.5e300", "\"T\":\"data\"", "\"x\":{\"t\":\"ping\",\"n\":[{}]}", "\"\":[]", "\"Text\":null", "\"aVeryLongNameThatNobodyKnows\":\"\"",
    ];

    internal static byte[] Scramble(ReadOnlyMemory<byte> message, RandomFrames chance)
    {
        using var document = JsonDocument.Parse(message);
        var text = new StringBuilder();
        Value(document.RootElement, chance, text, isFrame: true);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Value(JsonElement value, RandomFrames chance, StringBuilder text, bool isFrame)
    {
        text.Append(chance.Pick(s_spaces));
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{').AppendJoin(',', Shuffle(Members(value, chance), chance)).Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[').AppendJoin(',', value.EnumerateArray().Select(item => Text(item, chance, isFrame))).Append(']');
                break;
            case JsonValueKind.String:
                Escape(value.GetString()!, chance, text);
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
        text.Append(chance.Pick(s_spaces));
    }

    private static List<string> Members(JsonElement frame, RandomFrames chance)
    {
        List<string> members = [];
        foreach (JsonProperty member in frame.EnumerateObject())
        {
            var name = new StringBuilder(chance.Pick(s_spaces));
            Escape(member.Name, chance, name);
            members.Add($"{name}{chance.Pick(s_spaces)}:{Text(member.Value, chance, isFrame: false)}");
        }
        for (int more = chance.Below(3); more > 0; more--) { members.Add(chance.Pick(s_unknown)); }
        return members;
    }

    private static string Text(JsonElement value, RandomFrames chance, bool isFrame)
    {
        var text = new StringBuilder();
        Value(value, chance, text, isFrame);
        return text.ToString();
    }

    private static List<string> Shuffle(List<string> members, RandomFrames chance)
    {
        for (int i = members.Count - 1; i > 0; i--)
        {
            int other = chance.Below(i + 1);
            (members[i], members[other]) = (members[other], members[i]);
        }
        return members;
    }

    private static void Escape(string value, RandomFrames chance, StringBuilder text)
    {
        bool isHeavy = chance.Below(3) == 0;
        text.Append('"');
        foreach (char c in value)
        {
            bool isEscaped = c is < ' ' or '"' or '\\' || (isHeavy && (char.IsSurrogate(c) || chance.Flip()));
            if (c == '/' && isHeavy) { text.Append("\\/"); }
            else if (isEscaped) { text.Append(chance.Flip() ? $"\\u{(int)c:x4}" : $"\\u{(int)c:X4}"); }
            else { text.Append(c); }
        }
        text.Append('"');
    }
}
