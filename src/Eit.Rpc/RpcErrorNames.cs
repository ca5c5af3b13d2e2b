namespace Eit.Rpc;

/// <summary>The names of errors on the wire.</summary>
internal static class RpcErrorNames
{
    private static readonly Dictionary<RpcError, string> s_names = new()
    {
        [RpcError.Failed] = "failed",
        [RpcError.Internal] = "internal",
        [RpcError.UnknownMethod] = "unknown-method",
        [RpcError.BadArguments] = "bad-arguments",
        [RpcError.TooLarge] = "too-large",
        [RpcError.TooManyCalls] = "too-many-calls",
        [RpcError.TooFast] = "too-fast",
        [RpcError.Cancelled] = "cancelled",
        [RpcError.DeadlinePassed] = "deadline-passed",
        [RpcError.BadResult] = "bad-result",
        [RpcError.Forbidden] = "forbidden",
    };

    private static readonly Dictionary<string, RpcError> s_errors = s_names.ToDictionary(static pair => pair.Value, static pair => pair.Key);

    internal static string Of(RpcError error) => s_names[error];

    /// <summary>The error of a name; a name of a later version counts as failed.</summary>
    internal static RpcError Parse(string? name) => name is not null && s_errors.TryGetValue(name, out RpcError error) ? error : RpcError.Failed;
}
