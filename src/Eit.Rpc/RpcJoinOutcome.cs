using System.Text.Json.Serialization;

namespace Eit.Rpc;

/// <summary>What a session that joins a group has to do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RpcJoinOutcome>))]
public enum RpcJoinOutcome
{
    /// <summary>Nothing: every action that it has missed comes, in order, before those that follow.</summary>
    [JsonStringEnumMemberName("caught-up")]
    CaughtUp,

    /// <summary>It must reload: the log does not reach back to where it was, or it was nowhere. Only what follows the position comes.</summary>
    [JsonStringEnumMemberName("must-reload")]
    MustReload,
}
