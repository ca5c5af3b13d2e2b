using System.Text.Json;

namespace Eit.Rpc;

/// <summary>Eit's own messages (docs/RPC.md, M).</summary>
internal sealed class EitRpcWire : RpcWire
{
    internal static EitRpcWire Instance { get; } = new();

    internal override bool IsFull => true;

    internal override RpcText Call(in OutgoingRequest request, IReadOnlyList<RpcValue> arguments)
    {
        OutgoingRequest asked = request;
        return Write("call", asked.Id, writer =>
        {
            writer.WriteString("name", asked.Name);
            writer.WritePropertyName("args");
            WriteArguments(writer, arguments);
            if (asked.Left is { } left) { writer.WriteNumber("left", (long)Math.Ceiling(left.TotalMilliseconds)); }
            if (asked.Within > 0) { writer.WriteNumber("in", asked.Within); }
            if (asked.Items > 0) { writer.WriteNumber("items", asked.Items); }
        });
    }

    internal override RpcText Result(long id, RpcValue? value) => Write("result", id, writer => WriteValue(writer, "value", value));

    internal override RpcText Error(long id, RpcError error, string message) => Write("error", id, writer =>
    {
        writer.WriteString("error", RpcErrorNames.Of(error));
        writer.WriteString("message", message);
    });

    internal override RpcText Item(long id, RpcValue value) => Write("item", id, writer => WriteValue(writer, "value", value));

    internal override RpcText Cancel(long id) => Write("cancel", id, static _ => { });

    internal override RpcText More(long id, long items) => Write("more", id, writer => writer.WriteNumber("items", items));

    internal override RpcText Event(string name, RpcValue data) => Write("event", id: null, writer =>
    {
        writer.WriteString("name", name);
        WriteValue(writer, "data", data);
    });

    internal override RpcText Dispatch(RpcValue action, RpcPosition? position) => Write("dispatch", id: null, writer =>
    {
        WriteValue(writer, "action", action);
        if (position is not null) { WritePosition(writer, position); }
    });

    protected override RpcMessage Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || TextOf(root, "t") is not { } type) { return RpcMessage.Unreadable; }
        if (type == "event") { return new RpcMessage(RpcMessageType.Event) { Name = TextOf(root, "name"), Value = Of(root, "data") }; }
        if (type == "dispatch") { return new RpcMessage(RpcMessageType.Dispatch) { Value = Of(root, "action"), Position = PositionOf(root) }; }
        long id = NumberOf(Of(root, "id"));
        if (type is not ("call" or "result" or "error" or "item" or "cancel" or "more")) { return new RpcMessage(RpcMessageType.Unknown) { Id = Math.Max(0, id), Name = type }; }
        if (id < 0) { return RpcMessage.Unreadable; }
        return type switch
        {
            "call" when id > 0 => new RpcMessage(RpcMessageType.Call)
            {
                Id = id,
                Name = TextOf(root, "name"),
                Value = Of(root, "args"),
                Left = NumberOf(Of(root, "left")) is >= 0 and var left ? TimeSpan.FromMilliseconds(Math.Min(left, int.MaxValue)) : null,
                Within = Math.Max(0, NumberOf(Of(root, "in"))),
                Items = Math.Max(0, NumberOf(Of(root, "items"))),
            },
            "result" => new RpcMessage(RpcMessageType.Result) { Id = id, Value = Of(root, "value") },
            "error" => new RpcMessage(RpcMessageType.Error) { Id = id, Error = TextOf(root, "error"), Message = TextOf(root, "message") },
            "item" => new RpcMessage(RpcMessageType.Item) { Id = id, Value = Of(root, "value") },
            "cancel" => new RpcMessage(RpcMessageType.Cancel) { Id = id },
            "more" => new RpcMessage(RpcMessageType.More) { Id = id, Items = Math.Max(0, NumberOf(Of(root, "items"))) },
            _ => RpcMessage.Unreadable,
        };
    }

    private static RpcPosition? PositionOf(JsonElement root) => TextOf(root, "group") is { } group && TextOf(root, "log") is { } log && NumberOf(Of(root, "serial")) is >= 0 and var serial
        ? new RpcPosition(group, log, serial)
        : null;

    private static RpcText Write(string type, long? id, Action<Utf8JsonWriter> members) => RpcText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("t", type);
        if (id is { } number) { writer.WriteNumber("id", number); }
        members(writer);
        writer.WriteEndObject();
    });

    private static void WriteValue(Utf8JsonWriter writer, string name, RpcValue? value)
    {
        if (value is not { } written) { return; }
        writer.WritePropertyName(name);
        written.WriteTo(writer);
    }

    private static JsonElement Of(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value : default;

    private static string? TextOf(JsonElement root, string name) => Of(root, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
