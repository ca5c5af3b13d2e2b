using System.Text.Json.Serialization;

namespace Store.Shared;

[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(ListAction))]
internal sealed partial class StoreJson : JsonSerializerContext;
