using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>What makes messages replace each other: the same key in the same lane, of the same kind.</summary>
internal readonly record struct KeyId(Lane Lane, byte Kind, string Key);
