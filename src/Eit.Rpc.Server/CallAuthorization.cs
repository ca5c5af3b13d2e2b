using System.Collections.Concurrent;
using System.Security.Claims;
using Eit.Link;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>Asks the application's authorization who may open a session and call a method, as attributes say.</summary>
internal sealed partial class CallAuthorization(IServiceProvider services, ILogger logger)
{
    private readonly ConcurrentDictionary<MethodRule, AuthorizationPolicy> _policies = new(ReferenceEqualityComparer.Instance);

    /// <summary>Checks that what attributes of a session and its methods say can count.</summary>
    /// <exception cref="InvalidOperationException">It can't.</exception>
    internal void Check(RpcSession session)
    {
        bool isAsked = !MethodRules.Of(session).IsNothing;
        foreach (RpcApiMethod method in session.Api?.Methods.Values ?? []) { isAsked |= !MethodRules.Of(method.Key).IsNothing; }
        if (isAsked && services.GetService<IAuthorizationPolicyProvider>() is null) { throw new InvalidOperationException("[Authorize] says who may call: call services.AddAuthorization()."); }
    }

    /// <summary>Decides whether who dials may have such a session.</summary>
    internal async ValueTask<bool> MayOpenAsync(RpcSession session, HttpContext context)
    {
        MethodRule rule = MethodRules.Of(session);
        if (rule.IsNothing) { return true; }
        AuthorizationResult result = await AskAsync(rule, context.User, context).ConfigureAwait(false);
        string user = NameOf(context.User);
        if (!result.Succeeded && MayLog(nameof(Log.SessionRefused), $"{user} for {session.GetType().Name}")) { Log.SessionRefused(logger, session.GetType().Name, user, WhyOf(result)); }
        return result.Succeeded;
    }

    /// <summary>Decides about the calls of a session.</summary>
    internal IRpcGuard Of(RpcSession session) => new SessionGuard(this, session);

    private async ValueTask<bool> MayCallAsync(RpcSession session, string name, RpcMethodKey method)
    {
        MethodRule rule = MethodRules.Of(method);
        if (rule.IsNothing) { return true; }
        ClaimsPrincipal principal = session.Session.Principal;     // That of the newest credential, and not of who has opened the session.
        AuthorizationResult result = await AskAsync(rule, principal, new RpcCallToAuthorize(session, name)).ConfigureAwait(false);
        string user = NameOf(principal);
        if (!result.Succeeded && MayLog(nameof(Log.CallRefused), $"{user} for {name}")) { Log.CallRefused(logger, name, user, session.Session.Id.ToString(), WhyOf(result)); }
        return result.Succeeded;
    }

    private async Task<AuthorizationResult> AskAsync(MethodRule rule, ClaimsPrincipal principal, object resource)
    {
        AsyncServiceScope scope = services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            AuthorizationPolicy policy = await PolicyOf(rule, scope.ServiceProvider.GetRequiredService<IAuthorizationPolicyProvider>()).ConfigureAwait(false);
            return await scope.ServiceProvider.GetRequiredService<IAuthorizationService>().AuthorizeAsync(principal, resource, policy).ConfigureAwait(false);
        }
    }

    private async ValueTask<AuthorizationPolicy> PolicyOf(MethodRule rule, IAuthorizationPolicyProvider provider)
    {
        if (_policies.TryGetValue(rule, out AuthorizationPolicy? known)) { return known; }
        AuthorizationPolicy policy = await rule.CombineAsync(provider).ConfigureAwait(false);
        if (provider.AllowsCachingPolicies) { _policies.TryAdd(rule, policy); }
        return policy;
    }

    private bool MayLog(string kind, string source) => DeadlineWheel.Shared.LimitedLog.MayWrite(logger, LogLevel.Warning, kind, source);

    private static string NameOf(ClaimsPrincipal principal) => PeerText.Harmless(principal.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? principal.Identity?.Name ?? "nobody");

    private static string WhyOf(AuthorizationResult result)
    {
        IEnumerable<string> missing = result.Failure!.FailedRequirements.Select(static requirement => requirement.ToString() ?? requirement.GetType().Name);
        string why = string.Join(" ", result.Failure.FailureReasons.Select(static reason => reason.Message).Concat(missing));
        return why.Length == 0 ? "An authorization handler has refused." : why;
    }

    private sealed class SessionGuard(CallAuthorization authorization, RpcSession session) : IRpcGuard
    {
        public ValueTask<bool> MayRunAsync(string name, RpcMethodKey method) => authorization.MayCallAsync(session, name, method);
    }
}
