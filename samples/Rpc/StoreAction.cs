namespace Eit.Samples.Rpc;

internal sealed record StoreAction(string Type, string Schema, Record? Payload);
