using Microsoft.AspNetCore.Authorization;

namespace Eit.Rpc;

/// <summary>What attributes say about who may. None of it: everybody who has the session.</summary>
/// <param name="Data">The policies, roles and requirements that all have to be met.</param>
internal sealed record MethodRule(IReadOnlyList<object> Data)
{
    internal static MethodRule Nothing { get; } = new([]);

    internal bool IsNothing => Data.Count == 0;

    /// <summary>Reads the attributes of a type and of a method of it: those of both count. One that lets everybody in counts against those that stand where it does, or further out.</summary>
    /// <exception cref="InvalidOperationException">One of them can't count.</exception>
    internal static MethodRule Of(IReadOnlyCollection<object> ofType, IReadOnlyCollection<object> ofMethod, string where)
    {
        object[] data = ofMethod.Any(IsOpen) ? [] : [.. (ofType.Any(IsOpen) ? [] : ofType.Where(AsksFor)), .. ofMethod.Where(AsksFor)];
        if (data.OfType<IAuthorizeData>().Any(static one => !string.IsNullOrEmpty(one.AuthenticationSchemes)))
        {
            throw new InvalidOperationException($"[Authorize] of {where} names an authentication scheme, which can't count in a session that is authenticated. Name it where the endpoint is mapped (RequireAuthorization).");
        }
        return data.Length == 0 ? Nothing : new MethodRule(data);
    }

    /// <summary>Makes one policy of it.</summary>
    internal async Task<AuthorizationPolicy> CombineAsync(IAuthorizationPolicyProvider provider)
    {
        var policy = new AuthorizationPolicyBuilder();
        if (await AuthorizationPolicy.CombineAsync(provider, Data.OfType<IAuthorizeData>()).ConfigureAwait(false) is { } named) { policy.Combine(named); }
        foreach (IAuthorizationRequirement requirement in Data.OfType<IAuthorizationRequirementData>().SelectMany(static one => one.GetRequirements())) { policy.AddRequirements(requirement); }
        return policy.Build();
    }

    private static bool IsOpen(object attribute) => attribute is IAllowAnonymous;

    private static bool AsksFor(object attribute) => attribute is IAuthorizeData or IAuthorizationRequirementData;
}
