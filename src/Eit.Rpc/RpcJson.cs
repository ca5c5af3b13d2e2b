using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Eit.Rpc;

/// <summary>What values look like in JSON: names in camelCase, read in any case.</summary>
public sealed class RpcJson
{
    private readonly JsonSerializerOptions _options;

    internal RpcJson(IJsonTypeInfoResolver? resolver)
    {
        _options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            PropertyNameCaseInsensitive = true,
            AllowDuplicateProperties = false,
            TypeInfoResolver = resolver is null ? RpcJsonContext.Default : JsonTypeInfoResolver.Combine(resolver, RpcJsonContext.Default),
        };
        _options.MakeReadOnly();
    }

    /// <summary>Makes the JSON of every type, by reflection: simple, and not for programs that are trimmed or compiled ahead of time.</summary>
    [RequiresUnreferencedCode("The members of the types may be trimmed away; use a JsonSerializerContext there.")]
    [RequiresDynamicCode("Converters may have to be made at run time; use a JsonSerializerContext there.")]
    public static IJsonTypeInfoResolver Reflection() => new DefaultJsonTypeInfoResolver();

    /// <summary>A value as the JSON that it is now.</summary>
    internal JsonElement Element<T>(T value) => JsonSerializer.SerializeToElement(value, TypeOf(typeof(T)));

    internal RpcValue Value<T>(T value) => new(value, TypeOf(typeof(T)));

    /// <summary>A value that goes as what it is.</summary>
    internal RpcValue ValueOf(object? value) => new(value, TypeOf(value?.GetType() ?? typeof(JsonElement?)));

    /// <summary>JSON that is to be written as it is.</summary>
    internal static RpcValue Written(JsonElement json) => new(json, RpcJsonContext.Default.JsonElement);

    internal JsonTypeInfo TypeOf(Type type) => _options.TryGetTypeInfo(type, out JsonTypeInfo? known)
        ? known
        : throw new InvalidOperationException($"The JSON of {type} is not known: add [JsonSerializable(typeof({type.Name}))] to the JsonSerializerContext in RpcOptions.Json.");

    /// <summary>Reads a value.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    internal T? Read<T>(JsonElement element)
    {
        JsonTypeInfo type = TypeOf(typeof(T));
        return (T?)element.Deserialize(type);
    }
}
