using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server;

/// <summary>Maps endpoints at which clients open sessions.</summary>
public static class EndpointRouteBuilderExtensions
{
    /// <summary>Maps an endpoint whose sessions are handled by one delegate.</summary>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path.</param>
    /// <param name="onMessage">Handles a text; the next one of the same session waits for its task.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    public static IEndpointConventionBuilder MapEit(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Func<EitSession, string, ValueTask> onMessage)
    {
        ArgumentNullException.ThrowIfNull(onMessage);
        return Map(endpoints, path, _ => new DelegateHandler(onMessage));
    }

    /// <summary>Maps an endpoint whose sessions are handled by one object each, made from the application's services.</summary>
    /// <typeparam name="THandler">The handler.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    public static IEndpointConventionBuilder MapEit<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path)
        where THandler : EitHandler =>
        Map(endpoints, path, static services => ActivatorUtilities.GetServiceOrCreateInstance<THandler>(services));

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<IServiceProvider, EitHandler> makeHandler)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        TransportEndpoint endpoint = endpoints.ServiceProvider.GetService<TransportEndpoint>() ?? throw new InvalidOperationException("Call services.AddEit() before MapEit.");
        RequestDelegate pipeline = endpoints.CreateApplicationBuilder()
            .UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero })
            .Use((HttpContext context, RequestDelegate _) => endpoint.HandleAsync(context, makeHandler))
            .Build();
        return endpoints.Map(path, pipeline).WithDisplayName($"Eit {path}");
    }
}
