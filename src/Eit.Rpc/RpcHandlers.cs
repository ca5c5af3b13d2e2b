using System.Collections.Concurrent;
using System.Text.Json;

namespace Eit.Rpc;

/// <summary>What one end does with what the other asks for.</summary>
internal sealed class RpcHandlers
{
    internal RpcApi? Api { get; set; }

    internal ConcurrentDictionary<string, Func<JsonElement, ValueTask>> Events { get; } = new();

    internal Func<JsonElement, RpcPosition?, ValueTask>? Dispatch { get; set; }

    /// <summary>What is done first in each session; null for nothing.</summary>
    internal Func<ValueTask>? Session { get; set; }
}
