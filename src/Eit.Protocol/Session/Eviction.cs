namespace Eit.Protocol.Session;

/// <summary>A session that has to end so that a bound holds.</summary>
/// <param name="Session">The session.</param>
/// <param name="Owner">Whose it is; empty: one of those whose principal has no name.</param>
/// <param name="Bytes">What it holds.</param>
/// <param name="Limit">The bound: the name of an option.</param>
/// <param name="Value">The bound's value.</param>
public sealed record Eviction<T>(T Session, string Owner, long Bytes, string Limit, long Value)
    where T : class;
