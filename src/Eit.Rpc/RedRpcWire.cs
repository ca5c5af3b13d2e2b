using System.Text.Json;

namespace Eit.Rpc;

/// <summary>The messages of socket.red, as its server has them: JSON arrays (docs/RPC.md, W).</summary>
internal sealed class RedRpcWire : RpcWire
{
    private const int DispatchCode = 0;
    private const int EventCode = -1;
    private static readonly JsonElement s_none = JsonElement.Parse("[]");

    internal static RedRpcWire Instance { get; } = new();

    internal override bool IsFull => false;

    internal override RpcText Call(in OutgoingRequest request, IReadOnlyList<RpcValue> arguments)
    {
        OutgoingRequest asked = request;
        return WriteArray(asked.Id, writer =>
        {
            writer.WriteStringValue(asked.Name);
            WriteArguments(writer, arguments);
        });
    }

    internal override RpcText Result(long id, RpcValue? value) => WriteArray(id, writer =>
    {
        writer.WriteBooleanValue(true);
        if (value is { } written) { written.WriteTo(writer); }
        else { writer.WriteNullValue(); }
    });

    internal override RpcText Error(long id, RpcError error, string message) => WriteArray(id, writer =>
    {
        writer.WriteBooleanValue(false);
        writer.WriteStringValue(message);
    });

    internal override RpcText Event(string name, RpcValue data) => WriteArray(EventCode, writer =>
    {
        writer.WriteStringValue(name);
        data.WriteTo(writer);
    });

    internal override RpcText Dispatch(RpcValue action, RpcPosition? position) => WriteArray(DispatchCode, writer =>
    {
        action.WriteTo(writer);
        if (position is null) { return; }
        writer.WriteStartObject();
        WritePosition(writer, position);
        writer.WriteEndObject();
    });

    internal override RpcText Item(long id, RpcValue value) => throw new NotSupportedException("This wire has no streams.");

    internal override RpcText Cancel(long id) => throw new NotSupportedException("This wire has no cancellation.");

    internal override RpcText More(long id, long items) => throw new NotSupportedException("This wire has no credit.");

    protected override RpcMessage Read(JsonElement root)
    {
        bool isCall = root.ValueKind == JsonValueKind.Array && root.GetArrayLength() is 2 or 3 && root[1].ValueKind == JsonValueKind.String;
        long id = isCall ? NumberOf(root[0]) : -1;
        if (id < 0) { return RpcMessage.Unreadable; }
        JsonElement arguments = root.GetArrayLength() == 3 && root[2].ValueKind != JsonValueKind.Null ? root[2] : s_none;
        return new RpcMessage(RpcMessageType.Call) { Id = id, Name = root[1].GetString(), Value = arguments };
    }

    private static RpcText WriteArray(long code, Action<Utf8JsonWriter> rest) => RpcText.Write(writer =>
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(code);
        rest(writer);
        writer.WriteEndArray();
    });
}
