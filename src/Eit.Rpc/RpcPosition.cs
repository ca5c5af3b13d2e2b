namespace Eit.Rpc;

/// <summary>A place in a group's log of actions (docs/RPC.md, G): how far who has it has come. A client keeps the last one it was told, and shows it when it comes back with a new session.</summary>
/// <param name="Group">The group.</param>
/// <param name="Log">The log; a group gets another one when its server starts anew or has forgotten it.</param>
/// <param name="Serial">The serial number of the action; 0 before the first, and each one more than that before.</param>
public sealed record RpcPosition(string Group, string Log, long Serial);
