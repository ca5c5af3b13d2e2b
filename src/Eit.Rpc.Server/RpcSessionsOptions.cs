using System.Text.Json.Serialization.Metadata;

namespace Eit.Rpc;

/// <summary>What a server's sessions with calls, and their groups, may keep.</summary>
public sealed record RpcSessionsOptions
{
    /// <summary>Gets or sets who knows the JSON of what is sent to groups and to all, and of endpoints that do not name their own.</summary>
    /// <value>Default null: only numbers, texts, truth values, dates, ids and JSON itself.</value>
    public IJsonTypeInfoResolver? Json { get; set; }

    /// <summary>Gets or sets how many actions a group's log keeps; then the oldest is forgotten.</summary>
    /// <value>Default 1,000; 0 to 1,000,000.</value>
    public int LogActionsMax { get; set; } = 1_000;

    /// <summary>Gets or sets how many bytes of JSON a group's log keeps; then the oldest action is forgotten.</summary>
    /// <value>Default 256 KiB; 0 to 64 MiB.</value>
    public long LogBytesMax { get; set; } = 256 * 1024;

    /// <summary>Gets or sets the size of the largest action or event for a group or for all, in bytes of JSON.</summary>
    /// <value>Default 512 KiB; 256 B to 16 MiB.</value>
    public int ActionBytesMax { get; set; } = 512 * 1024;

    /// <summary>Gets or sets how many groups there may be. A group is there from its first use; beyond the number, one without members is forgotten with its log, the one that was used least lately.</summary>
    /// <value>Default 1,000; 1 to 1,000,000.</value>
    public int GroupsMax { get; set; } = 1_000;

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "EitRpcSessions")
    {
        if (LogActionsMax is < 0 or > 1_000_000) { yield return $"{path}:LogActionsMax ({LogActionsMax}) must be 0 to 1,000,000."; }
        if (LogBytesMax is < 0 or > 64 * 1024 * 1024) { yield return $"{path}:LogBytesMax ({LogBytesMax}) must be 0 to 64 MiB."; }
        if (ActionBytesMax is < 256 or > 16 * 1024 * 1024) { yield return $"{path}:ActionBytesMax ({ActionBytesMax}) must be 256 B to 16 MiB."; }
        if (GroupsMax is < 1 or > 1_000_000) { yield return $"{path}:GroupsMax ({GroupsMax}) must be 1 to 1,000,000."; }
    }
}
