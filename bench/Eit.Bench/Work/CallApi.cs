using Eit.Rpc;
using Microsoft.AspNetCore.Http;

namespace Eit.Bench;

/// <summary>What clients of Eit call.</summary>
internal static class CallApi
{
    internal const string Method = "add";
    private static readonly RpcApi s_api = new RpcApi().Add(Method, static call =>
    {
        call.Return(call.Argument<int>(0) + call.Argument<int>(1));
        return default;
    });

    /// <summary>One call at a time, as a hub does by default, and as many a second as the machine can.</summary>
    internal static RpcOptions Options { get; } = new() { CallsPerSecond = 10_000_000 };

    internal static RpcSession CreateSession(HttpContext context) => new() { Api = s_api };
}
