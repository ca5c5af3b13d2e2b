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
    /// <param name="configure">Sets the delegates.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    public static IEndpointConventionBuilder MapEitChannels(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Action<EitChannelEvents> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var events = new EitChannelEvents();
        configure(events);
        return Map(endpoints, path, _ => new MadeChannelHandler(events, IsOwned: false));
    }

    /// <summary>Maps an endpoint whose channels are handled by one object each, made from the application's services; one that is not registered there is disposed of with its channel.</summary>
    /// <typeparam name="THandler">The handler.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path: <c>/tables/{id}</c>.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    public static IEndpointConventionBuilder MapEitChannels<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path)
        where THandler : EitChannelHandler =>
        Map(endpoints, path, Make<THandler>);

    internal static MadeChannelHandler Make<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(IServiceProvider services)
        where THandler : EitChannelHandler => services.GetService<THandler>() is { } registered
            ? new MadeChannelHandler(registered, IsOwned: false)
            : new MadeChannelHandler(ActivatorUtilities.CreateInstance<THandler>(services), IsOwned: true);

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<IServiceProvider, MadeChannelHandler> makeHandler) =>
        EndpointRouteBuilderExtensions.Map(endpoints, path, services => new MadeHandler(new ChannelMember(services.GetRequiredService<EitChannels>(), makeHandler), IsOwned: true));
}
