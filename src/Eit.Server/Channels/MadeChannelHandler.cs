namespace Eit.Server.Channels;

/// <summary>A channel's handler.</summary>
/// <param name="Handler">The handler.</param>
/// <param name="IsOwned">Whether it ends with its channel; else the container or the endpoint has it.</param>
internal readonly record struct MadeChannelHandler(EitChannelHandler Handler, bool IsOwned);
