using System.Text.Json.Serialization;

namespace Eit.Rpc.Tests;

internal sealed record Record(string Title, int Pages);

internal sealed record StoreAction(string Type, string Schema, Record Payload);

[JsonSerializable(typeof(Record))]
[JsonSerializable(typeof(StoreAction))]
[JsonSerializable(typeof(List<int>))]
internal sealed partial class TestJson : JsonSerializerContext;
