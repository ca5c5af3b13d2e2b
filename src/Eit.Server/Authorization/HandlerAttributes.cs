using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server;

/// <summary>The attributes that say who may use a handler. Those of its class, or of the delegate that an endpoint is mapped with, are the endpoint's, as a hub's are; where nobody would look at
/// them they are refused.</summary>
internal static class HandlerAttributes
{
    /// <summary>What has to be left of a handler's class for its attributes to be seen.</summary>
    internal const DynamicallyAccessedMemberTypes Needed = DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods;

    private const DynamicallyAccessedMemberTypes Methods = DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods;
    private const BindingFlags AllMethods = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly ConcurrentDictionary<(Type Made, Type Mapped), bool> s_seen = new();

    /// <summary>Whether an attribute says who may.</summary>
    internal static bool SaysWho(object attribute) => attribute is IAuthorizeData or IAuthorizationRequirementData or IAllowAnonymous;

    /// <summary>Gives an endpoint the attributes of its handler's class.</summary>
    /// <exception cref="InvalidOperationException">One of them can't count where it stands, or the application has no authorization.</exception>
    internal static IEndpointConventionBuilder WithAttributesOf(this IEndpointConventionBuilder endpoint, [DynamicallyAccessedMembers(Methods)] Type handler, IServiceProvider services)
    {
        RefuseOnMethods(handler);
        return endpoint.WithAttributes(handler.GetCustomAttributes(inherit: true), handler.Name, services);
    }

    /// <summary>Gives an endpoint the attributes of the delegate that it was mapped with.</summary>
    /// <exception cref="InvalidOperationException">The application has no authorization.</exception>
    internal static IEndpointConventionBuilder WithAttributesOf(this IEndpointConventionBuilder endpoint, Delegate handler, IServiceProvider services) =>
        endpoint.WithAttributes([.. handler.Method.GetCustomAttributes(inherit: true).Where(SaysWho)], "The delegate that the endpoint is mapped with", services);

    /// <summary>Refuses a delegate whose attributes nobody would look at.</summary>
    /// <exception cref="InvalidOperationException">It has such.</exception>
    internal static void Refuse(Delegate handler)
    {
        object? stray = Array.Find(handler.Method.GetCustomAttributes(inherit: true), SaysWho);
        if (stray is not null) { throw new InvalidOperationException($"{NameOf(stray)} can't count on this delegate: it is called when its client is long admitted. Put it on the delegate that the endpoint is mapped with, or call RequireAuthorization on the endpoint."); }
    }

    /// <summary>Refuses a handler whose class says by attributes who may use it, where its endpoint does not know them: it was made by a delegate, or is of a class derived from the one that was mapped.</summary>
    /// <exception cref="InvalidOperationException">It has such.</exception>
    internal static void RefuseUnseen(object handler, Type mapped)
    {
        if (s_seen.GetOrAdd((handler.GetType(), mapped), static types => IsSeen(types.Made, types.Mapped))) { return; }
        throw new InvalidOperationException($"{handler.GetType().Name} says by attributes who may use it, and its endpoint does not know them, because a delegate has made it or another class was mapped. "
            + $"Map it by its class (MapEit<{handler.GetType().Name}>), or take them away and call RequireAuthorization on the endpoint.");
    }

    /// <summary>Refuses a class with such an attribute on a method: a handler's methods are called when its client is long admitted.</summary>
    private static void RefuseOnMethods([DynamicallyAccessedMembers(Methods)] Type handler)
    {
        foreach (MethodInfo method in handler.GetMethods(AllMethods))
        {
            object? stray = Array.Find(method.GetCustomAttributes(inherit: true), SaysWho);
            if (stray is not null) { throw new InvalidOperationException($"{NameOf(stray)} can't count on {handler.Name}.{method.Name}: a handler's methods are called when its client is long admitted. Put it on the class."); }
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A method that was trimmed away is not called either.")]
    private static bool IsSeen(Type made, Type mapped)
    {
        if (made == mapped) { return true; }
        bool hasSameClass = made.GetCustomAttributes(inherit: true).Count(SaysWho) == mapped.GetCustomAttributes(inherit: true).Count(SaysWho);
        return hasSameClass && !made.GetMethods(AllMethods).Any(static method => method.GetCustomAttributes(inherit: true).Any(SaysWho));
    }

    private static IEndpointConventionBuilder WithAttributes(this IEndpointConventionBuilder endpoint, object[] attributes, string owner, IServiceProvider services)
    {
        bool needsAuthorization = attributes.Any(static attribute => attribute is IAuthorizeData or IAuthorizationRequirementData);
        if (needsAuthorization && services.GetService<IAuthorizationPolicyProvider>() is null)
        {
            throw new InvalidOperationException($"{owner} says by an attribute who may use it: call services.AddAuthorization(), and app.UseAuthorization() behind app.UseAuthentication().");
        }
        return endpoint.WithMetadata(attributes);
    }

    private static string NameOf(object attribute) => $"[{attribute.GetType().Name.Replace("Attribute", string.Empty, StringComparison.Ordinal)}]";
}
