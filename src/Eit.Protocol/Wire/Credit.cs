namespace Eit.Protocol.Wire;

/// <summary>How much an end may send in all since the session began (N3.1).</summary>
/// <param name="Messages">Complete messages.</param>
/// <param name="Bytes">Payload bytes.</param>
public readonly record struct Credit(long Messages, long Bytes);
