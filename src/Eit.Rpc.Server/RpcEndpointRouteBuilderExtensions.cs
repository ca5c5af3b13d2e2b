using System.Diagnostics.CodeAnalysis;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.Rpc;

/// <summary>Maps endpoints whose clients call.</summary>
public static class RpcEndpointRouteBuilderExtensions
{
    /// <summary>Maps an endpoint whose clients call the methods of a session of their own.</summary>
    /// <param name="endpoints">The application's endpoints; its services have <c>AddEit</c> and <c>AddEitRpc</c>.</param>
    /// <param name="path">The path.</param>
    /// <param name="createSession">Makes the session of a client, after the guard and before the WebSocket is opened. Null refuses the client with 401, an <see cref="RpcException"/> with 403 and
    /// its message, any other exception with 500. It is asked at each dial, so that each is authenticated; where the dial resumes or cycles a session, that one goes on and the new object is dropped.</param>
    /// <param name="options">How; copied. Null for the defaults.</param>
    /// <returns>The endpoint, to which policies can be attached. With <c>WithPlainClients</c> it also speaks socket.red.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    public static IEndpointConventionBuilder MapEitRpc(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Func<HttpContext, ValueTask<RpcSession?>> createSession, RpcOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(createSession);
        return Map(endpoints, path, createSession, makeOwn: null, options).WithAttributesOf(createSession, endpoints.ServiceProvider);
    }

    /// <summary>Maps an endpoint whose clients call the methods of a session of their own.</summary>
    /// <param name="endpoints">The application's endpoints; its services have <c>AddEit</c> and <c>AddEitRpc</c>.</param>
    /// <param name="path">The path.</param>
    /// <param name="createSession">As for the other overload.</param>
    /// <param name="options">How; copied. Null for the defaults.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    public static IEndpointConventionBuilder MapEitRpc(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Func<HttpContext, RpcSession?> createSession, RpcOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(createSession);
        return Map(endpoints, path, context => ValueTask.FromResult(createSession(context)), makeOwn: null, options).WithAttributesOf(createSession, endpoints.ServiceProvider);
    }

    /// <summary>As <see cref="MapEitRpc(IEndpointRouteBuilder, string, Func{HttpContext, ValueTask{RpcSession?}}, RpcOptions?)"/>, and the sessions at each path that fits are one channel:
    /// a session is a member of it before its <see cref="RpcSession.OnStart"/>, and until before its <see cref="RpcSession.OnClose"/>. Calls do not take turns there; a method does with <see cref="EitChannels.RunAsync"/>.</summary>
    /// <typeparam name="THandler">Handles the channel, with the application's own messages; <see cref="RpcSession.Of"/> finds a member's session with calls.</typeparam>
    /// <param name="endpoints">The application's endpoints; its services have <c>AddEit</c> and <c>AddEitRpc</c>.</param>
    /// <param name="path">The path: <c>/lists/{id}</c>.</param>
    /// <param name="createSession">As for <c>MapEitRpc</c>.</param>
    /// <param name="options">How; copied. Null for the defaults.</param>
    /// <returns>The endpoint, to which policies can be attached.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    public static IEndpointConventionBuilder MapEitRpcChannels<[DynamicallyAccessedMembers(HandlerAttributes.Needed)] THandler>(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string path, Func<HttpContext, ValueTask<RpcSession?>> createSession, RpcOptions? options = null)
        where THandler : EitChannelHandler
    {
        ArgumentNullException.ThrowIfNull(createSession);
        return Map(endpoints, path, createSession, static services => new ChannelMember(services.GetRequiredService<EitChannels>(), ChannelEndpointRouteBuilderExtensions.Make<THandler>), options)
            .WithAttributesOf(typeof(THandler), endpoints.ServiceProvider)
            .WithAttributesOf(createSession, endpoints.ServiceProvider);
    }

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<HttpContext, ValueTask<RpcSession?>> createSession, Func<IServiceProvider, EitHandler>? makeOwn, RpcOptions? options)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RpcSessions sessions = endpoints.ServiceProvider.GetService<RpcSessions>() ?? throw new InvalidOperationException("Call services.AddEitRpc() before MapEitRpc.");
        ILogger logger = endpoints.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger<RpcSession>();
        var authorization = new CallAuthorization(endpoints.ServiceProvider, logger);
        var endpoint = new RpcEndpoint(createSession, makeOwn, sessions, authorization, (options ?? new RpcOptions()).Checked(nameof(options)), logger);
        return Server.EndpointRouteBuilderExtensions.Map(endpoints, path, endpoint.HandleAsync);
    }
}
