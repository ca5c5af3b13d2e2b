namespace Eit.Server;

/// <summary>A session's handler.</summary>
/// <param name="Handler">The handler.</param>
/// <param name="IsOwned">Whether it ends with its session; else the container has it.</param>
internal readonly record struct MadeHandler(EitHandler Handler, bool IsOwned);
