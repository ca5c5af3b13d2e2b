using System.Text.Json;

namespace Eit.Chaos.Faults;

/// <summary>Faults as JSON objects.</summary>
internal static class FaultJson
{
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 8 };

    /// <summary>Reads a document and hands its root on.</summary>
    internal static T ReadDocument<T>(string json, Func<JsonElement, T> read)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_strict);
            return read(document.RootElement);
        }
        catch (JsonException failure) { throw new FormatException($"It is not JSON: {failure.Message}", failure); }
    }

    internal static (string? Name, ChaosFault Fault) Read(string json, string[] others) => ReadDocument(json, root => Read(root, others));

    /// <summary>Reads a fault, and its name where that may stand there.</summary>
    internal static (string? Name, ChaosFault Fault) Read(JsonElement element, string[] others)
    {
        Dictionary<string, string> words = WordsOf(element, "A fault");
        if (!words.Remove("kind", out string? kind)) { throw new FormatException($"A fault needs its kind, one of {string.Join(", ", FaultKinds.Names)}."); }
        ChaosFault fault = ChaosFault.Read(kind, words, [.. others, "kind"]);
        return (others.Contains("name") ? words.GetValueOrDefault("name") : null, fault);
    }

    internal static void Write(Utf8JsonWriter writer, ChaosFault fault, string? name)
    {
        writer.WriteStartObject();
        WriteFields(writer, fault, name);
        writer.WriteEndObject();
    }

    internal static void WriteFields(Utf8JsonWriter writer, ChaosFault fault, string? name)
    {
        if (name is not null) { writer.WriteString("name", name); }
        writer.WriteString("kind", fault.Kind);
        foreach ((string key, string value) in FaultWriter.WordsOf(fault)) { writer.WriteString(key, value); }
    }

    /// <summary>Reads an object of plain values.</summary>
    internal static Dictionary<string, string> WordsOf(JsonElement element, string what)
    {
        if (element.ValueKind != JsonValueKind.Object) { throw new FormatException($"{what} is a JSON object, not {element.GetRawText()}."); }
        Dictionary<string, string> words = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string? value = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
                _ => throw new FormatException($"{property.Name} is a text, a number, true or false, not {property.Value.GetRawText()}."),
            };
            if (!words.TryAdd(property.Name, value!)) { throw new FormatException($"'{property.Name}' is given twice."); }
        }
        return words;
    }
}
