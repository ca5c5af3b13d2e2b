namespace Eit.Rpc;

/// <summary>What a call says besides its arguments.</summary>
internal readonly record struct OutgoingRequest(long Id, string Name, TimeSpan? Left, long Within, int Items);
