using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Eit.Rpc;

/// <summary>A value and what its JSON looks like.</summary>
internal readonly record struct RpcValue(object? Value, JsonTypeInfo Type)
{
    internal void WriteTo(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, Value, Type);
}
