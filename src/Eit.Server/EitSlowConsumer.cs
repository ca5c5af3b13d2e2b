namespace Eit.Server;

/// <summary>A client whose handler is slower than what is sent to it.</summary>
/// <param name="Messages">How many messages wait to leave.</param>
/// <param name="Bytes">How long their payloads are together.</param>
/// <param name="Oldest">How long the oldest has waited.</param>
public sealed record EitSlowConsumer(int Messages, long Bytes, TimeSpan Oldest);
