using System.Text.Json;

namespace Eit.Cli.Serve;

/// <summary>The configuration's file: JSON, with comments where they help.</summary>
internal static class ServeFile
{
    internal const string DefaultName = "eit.json";

    private const string SchemaName = "$schema";               // what editors look for
    private const long BytesMax = 1024 * 1024;

    private static readonly JsonDocumentOptions s_json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    /// <summary>Puts what a file says into a configuration.</summary>
    /// <exception cref="FormatException">The file can't be read, or something in it is not allowed; the message names the file and the key.</exception>
    internal static ServeConfig Read(string path, ServeConfig config)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        using JsonDocument document = Parse(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object) { throw new FormatException($"{path}: it must be an object of keys."); }
        foreach (JsonProperty member in Outside.Read(path, () => document.RootElement.EnumerateObject().ToArray()))
        {
            if (member.Name == SchemaName) { continue; }
            ServeKey key = ServeKeys.All.FirstOrDefault(key => key.Name == member.Name)
                ?? throw new FormatException($"{path}: '{Terminal.Line(member.Name)}' is not known; allowed: {string.Join(", ", ServeKeys.All.Select(static key => key.Name))}.");
            try { config = Outside.Read("the value", () => key.Set(config, new ServeValues(ValuesOf(member.Value, key), folder))); }
            catch (FormatException wrong) { throw new FormatException($"{path}: {key.Name}: {wrong.Message}.", wrong); }
        }
        return config;
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > BytesMax) { throw new FormatException($"{path}: it is larger than 1 MiB."); }
            return JsonDocument.Parse(Outside.Decode(path, File.ReadAllBytes(path)), s_json);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException) { throw new FormatException($"{path}: {Outside.Line(wrong)}", wrong); }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException) { throw new FormatException($"{path} does not exist.", failure); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException) { throw new FormatException($"{path} can't be read.", failure); }
    }

    private static List<string> ValuesOf(JsonElement value, ServeKey key) => value.ValueKind switch
    {
        JsonValueKind.Array when key.IsList => [.. value.EnumerateArray().Select(static one => TextOf(one))],
        JsonValueKind.Array => throw new FormatException("takes one value, not a list"),
        _ => [TextOf(value)],
    };

    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        JsonValueKind.Object => EndpointOf(value),
        _ => throw new FormatException($"{value.GetRawText()} is not allowed"),
    };

    /// <summary>An endpoint may be an object; it then says the same in other words.</summary>
    private static string EndpointOf(JsonElement value)
    {
        Dictionary<string, string> members = value.EnumerateObject().ToDictionary(static member => member.Name, static member => member.Value.ToString());
        string? unknown = members.Keys.FirstOrDefault(static name => name is not ("path" or "handler" or "mode"));
        if (unknown is not null) { throw new FormatException($"'{unknown}' is not known; allowed: path, handler, mode"); }
        return $"{members.GetValueOrDefault("mode")} {members.GetValueOrDefault("path")}={members.GetValueOrDefault("handler")}";
    }
}
