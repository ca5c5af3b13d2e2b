using System.Text.Json;

namespace Eit.Rpc;

/// <summary>How messages of calls are written and read.</summary>
internal abstract class RpcWire
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>Whether it has streams, cancellation, credit and calls both ways; else only the client calls.</summary>
    internal abstract bool IsFull { get; }

    internal abstract RpcText Call(in OutgoingRequest request, IReadOnlyList<RpcValue> arguments);

    internal abstract RpcText Result(long id, RpcValue? value);

    internal abstract RpcText Error(long id, RpcError error, string message);

    internal abstract RpcText Item(long id, RpcValue value);

    internal abstract RpcText Cancel(long id);

    internal abstract RpcText More(long id, long items);

    internal abstract RpcText Event(string name, RpcValue data);

    /// <param name="action">The action.</param>
    /// <param name="position">Its place in its group's log; null for one that has none.</param>
    internal abstract RpcText Dispatch(RpcValue action, RpcPosition? position);

    /// <summary>Reads a message; one that is none of these is unreadable. Never throws.</summary>
    internal RpcMessage Read(string text)
    {
        try { return Read(JsonElement.Parse(text, s_strict)); }
        catch (JsonException) { return RpcMessage.Unreadable; }
    }

    protected abstract RpcMessage Read(JsonElement root);

    protected static void WriteArguments(Utf8JsonWriter writer, IReadOnlyList<RpcValue> arguments)
    {
        writer.WriteStartArray();
        foreach (RpcValue argument in arguments) { argument.WriteTo(writer); }
        writer.WriteEndArray();
    }

    protected static void WritePosition(Utf8JsonWriter writer, RpcPosition position)
    {
        writer.WriteString("group", position.Group);
        writer.WriteString("log", position.Log);
        writer.WriteNumber("serial", position.Serial);
    }

    protected static long NumberOf(JsonElement element) => element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long number) ? number : -1;
}
