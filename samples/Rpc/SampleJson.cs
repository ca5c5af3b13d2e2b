using System.Text.Json.Serialization;

namespace Eit.Samples.Rpc;

[JsonSerializable(typeof(Record))]
[JsonSerializable(typeof(StoreAction))]
internal sealed partial class SampleJson : JsonSerializerContext;
