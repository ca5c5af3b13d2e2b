using System.Text.Json;

namespace Eit.Rpc;

/// <summary>A message that has come.</summary>
internal sealed record RpcMessage(RpcMessageType Type)
{
    internal static RpcMessage Unreadable { get; } = new(RpcMessageType.Unreadable);

    /// <summary>The call that it is about; 0 for a call without answer, and for the stream of events.</summary>
    internal long Id { get; init; }

    /// <summary>The method or event; null if it is missing. Of a message of a type that is not known: the type.</summary>
    internal string? Name { get; init; }

    /// <summary>The arguments, result, item, data or action; undefined if it is missing.</summary>
    internal JsonElement Value { get; init; }

    /// <summary>How long the call may take; null for no limit.</summary>
    internal TimeSpan? Left { get; init; }

    /// <summary>The receiver's own call for which the sender's method makes this one; 0 for none.</summary>
    internal long Within { get; init; }

    /// <summary>How many items may be sent in all; 0 where no stream is wanted.</summary>
    internal long Items { get; init; }

    /// <summary>The place of an action in its group's log; null for one that has none.</summary>
    internal RpcPosition? Position { get; init; }

    /// <summary>Why a call failed.</summary>
    internal string? Error { get; init; }

    /// <summary>Why a call failed, in words.</summary>
    internal string? Message { get; init; }
}
