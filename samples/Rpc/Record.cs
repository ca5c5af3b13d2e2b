namespace Eit.Samples.Rpc;

internal sealed record Record(string Title, int Pages);
