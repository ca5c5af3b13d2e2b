using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server.Channels;

/// <summary>Maps endpoints whose sessions are grouped in channels.</summary>
public static class ChannelEndpointRouteBuilderExtensions
{
    /// <summary>Maps an endpoint whose channels are handled by delegates: the sessions at each path that fits are one channel.</summary>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path: <c>/tables/{id}</c>.</param>
    /// <param name="configure">Sets the delegates. Its attributes <c>[Authorize]</c> and <c>[AllowAnonymous]</c> count for the endpoint; on the delegates that it sets they can't.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="InvalidOperationException">It has such an attribute and the application has no authorization, or one of the delegates has such an attribute.</exception>
    public static IEndpointConventionBuilder MapEitChannels(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Action<EitChannelEvents> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var events = new EitChannelEvents();
        configure(events);
        return Map(endpoints, path, _ => new MadeChannelHandler(events, IsOwned: false)).WithAttributesOf(configure, endpoints.ServiceProvider);
    }

    /// <summary>Maps an endpoint whose channels are handled by one object each, made from the application's services; one that is not registered there is disposed of with its channel.</summary>
    /// <typeparam name="THandler">The handler. The attributes of its class are the endpoint's: <c>[Authorize]</c>, <c>[AllowAnonymous]</c>, <c>[EnableRateLimiting]</c> and the like.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path: <c>/tables/{id}</c>.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="InvalidOperationException">The class has <c>[Authorize]</c> and the application has no authorization, or a method of it has such an attribute, where it can't count.</exception>
    public static IEndpointConventionBuilder MapEitChannels<[DynamicallyAccessedMembers(HandlerAttributes.Needed)] THandler>(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path)
        where THandler : EitChannelHandler =>
        Map(endpoints, path, Make<THandler>).WithAttributesOf(typeof(THandler), endpoints.ServiceProvider);

    internal static MadeChannelHandler Make<[DynamicallyAccessedMembers(HandlerAttributes.Needed)] THandler>(IServiceProvider services)
        where THandler : EitChannelHandler
    {
        if (services.GetService<THandler>() is not { } registered) { return new MadeChannelHandler(ActivatorUtilities.CreateInstance<THandler>(services), IsOwned: true); }
        HandlerAttributes.RefuseUnseen(registered, typeof(THandler));
        return new MadeChannelHandler(registered, IsOwned: false);
    }

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<IServiceProvider, MadeChannelHandler> makeHandler) =>
        EndpointRouteBuilderExtensions.Map(endpoints, path, services => new MadeHandler(new ChannelMember(services.GetRequiredService<EitChannels>(), makeHandler), IsOwned: true));
}
