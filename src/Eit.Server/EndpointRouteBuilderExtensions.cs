using System.Diagnostics.CodeAnalysis;
using Eit.Protocol.Session;
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
    /// <param name="onMessage">Handles a text; the next one of the same session waits for its task. Its attributes <c>[Authorize]</c> and <c>[AllowAnonymous]</c> count for the endpoint.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="InvalidOperationException">It has such an attribute, and the application has no authorization.</exception>
    public static IEndpointConventionBuilder MapEit(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Func<EitSession, string, ValueTask> onMessage)
    {
        ArgumentNullException.ThrowIfNull(onMessage);
        return Map(endpoints, path, _ => new MadeHandler(new DelegateHandler(onMessage), IsOwned: true)).WithAttributesOf(onMessage, endpoints.ServiceProvider);
    }

    /// <summary>Maps an endpoint whose sessions are handled by one object each, which a delegate makes and which ends with its session.</summary>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path.</param>
    /// <param name="makeHandler">Makes the handler of a session, from services of the session's own. Its attributes <c>[Authorize]</c> and <c>[AllowAnonymous]</c> count for the endpoint; those of the
    /// handler's class can't be known here, so a session whose handler has such ends at once.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="InvalidOperationException">It has such an attribute, and the application has no authorization.</exception>
    public static IEndpointConventionBuilder MapEit(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Func<IServiceProvider, EitHandler> makeHandler)
    {
        ArgumentNullException.ThrowIfNull(makeHandler);
        return Map(endpoints, path, services => new MadeHandler(Seen(makeHandler(services), typeof(EitHandler)), IsOwned: true)).WithAttributesOf(makeHandler, endpoints.ServiceProvider);
    }

    /// <summary>Maps an endpoint whose sessions are handled by one object each, made from the application's services; one that is not registered there is disposed of with its session.</summary>
    /// <typeparam name="THandler">The handler. The attributes of its class are the endpoint's: <c>[Authorize]</c>, <c>[AllowAnonymous]</c>, <c>[EnableRateLimiting]</c> and the like.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="path">The path.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="InvalidOperationException">The class has <c>[Authorize]</c> and the application has no authorization, or a method of it has such an attribute, where it can't count.</exception>
    public static IEndpointConventionBuilder MapEit<[DynamicallyAccessedMembers(HandlerAttributes.Needed)] THandler>(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path)
        where THandler : EitHandler =>
        Map(endpoints, path, static services => services.GetService<THandler>() is { } registered
            ? new MadeHandler(Seen(registered, typeof(THandler)), IsOwned: false)
            : new MadeHandler(ActivatorUtilities.CreateInstance<THandler>(services), IsOwned: true)).WithAttributesOf(typeof(THandler), endpoints.ServiceProvider);

    /// <summary>Says what the endpoint does about clients whose handlers are too slow; without this, <see cref="SessionSettings.SlowConsumers"/> does.</summary>
    /// <typeparam name="TBuilder">The endpoint's builder.</typeparam>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="slowConsumers">What it does.</param>
    /// <param name="after">How long a message may wait to leave, with a transport there; null for <see cref="SessionSettings.SlowConsumerAfter"/>. 100 ms to 24 h.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of range.</exception>
    public static TBuilder WithSlowConsumers<TBuilder>(this TBuilder endpoint, SlowConsumers slowConsumers, TimeSpan? after = null)
        where TBuilder : IEndpointConventionBuilder
    {
        if (after is { } time && (time < TimeSpan.FromMilliseconds(100) || time > TimeSpan.FromHours(24))) { throw new ArgumentOutOfRangeException(nameof(after), time, "It must be 100 ms to 24 h."); }
        return endpoint.WithMetadata(new SlowConsumerPolicy(slowConsumers, after));
    }

    /// <summary>Lets WebSocket clients in that do not speak Eit, a browser's or a script's, with the same handlers and the same guard: a text is a message, and so are bytes.
    /// They offer no subprotocol, or <c>eit.plain</c>, and beside it perhaps a bearer token as <c>eit.bearer.</c> and its base64url. Who comes with a cookie, whatever else it shows, has to say its origin.</summary>
    /// <typeparam name="TBuilder">The endpoint's builder.</typeparam>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="queryToken">The name of a member of the query in which a bearer token is taken too, such as <c>access_token</c>: servers and proxies log addresses, ASP.NET Core itself when a
    /// request begins. Null for none. A request with an <c>access_token</c> that is not wanted is refused.</param>
    /// <remarks>Nothing survives such a client's WebSocket, and a message to it counts as processed when its WebSocket has taken it (<see cref="EitSession.IsPlain"/>).</remarks>
    public static TBuilder WithPlainClients<TBuilder>(this TBuilder endpoint, string? queryToken = null)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new PlainClientPolicy(queryToken));

    /// <summary>Keeps away what the application does for its pages (A1.20): sign-in pages in place of 401, a cache that lets one request at a time in, a time-out.</summary>
    private static IEndpointConventionBuilder IsNoPage(this IEndpointConventionBuilder endpoint) =>
        endpoint.DisableCookieRedirect().DisableRequestTimeout().CacheOutput(static policy => policy.NoCache());

    internal static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<IServiceProvider, MadeHandler> makeHandler) =>
        Map(endpoints, path, (endpoint, context) => endpoint.HandleAsync(context, makeHandler));

    internal static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<TransportEndpoint, HttpContext, Task> handle)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        TransportEndpoint endpoint = endpoints.ServiceProvider.GetService<TransportEndpoint>() ?? throw new InvalidOperationException("Call services.AddEit() before MapEit.");
        RequestDelegate pipeline = endpoints.CreateApplicationBuilder()
            .UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero })
            .Use((HttpContext context, RequestDelegate _) => handle(endpoint, context))
            .Build();
        return endpoints.Map(path, pipeline).WithDisplayName($"Eit {path}").WithMetadata(new EndpointKey()).IsNoPage();
    }

    private static EitHandler Seen(EitHandler handler, Type mapped)
    {
        HandlerAttributes.RefuseUnseen(handler, mapped);
        return handler;
    }
}
