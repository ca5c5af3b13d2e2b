using Microsoft.AspNetCore.Http;

namespace Eit.Cli.Serve;

/// <summary>Marks an endpoint that takes plain clients only.</summary>
internal sealed class PlainOnly
{
    /// <summary>Tells whether the endpoint of a request takes such a client.</summary>
    internal static ValueTask<bool> Admits(HttpContext context)
    {
        bool isMarked = context.GetEndpoint()?.Metadata.GetMetadata<PlainOnly>() is not null;
        return ValueTask.FromResult(!isMarked || !context.WebSockets.WebSocketRequestedProtocols.Any(static name => name.StartsWith("eit.v", StringComparison.Ordinal)));
    }
}
