namespace Eit.Rpc;

/// <summary>A session has joined a group.</summary>
/// <param name="Outcome">What it has to do.</param>
/// <param name="Position">Where the group is: every action after this one comes by itself.</param>
public sealed record RpcJoined(RpcJoinOutcome Outcome, RpcPosition Position);
