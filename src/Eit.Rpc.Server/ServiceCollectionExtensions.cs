using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Eit.Rpc;

/// <summary>Adds calls to an application's services.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Adds what <c>MapEitRpc</c> needs besides <c>AddEit</c>: <see cref="RpcSessions"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">What sessions and groups may keep; copied. Null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    public static IServiceCollection AddEitRpc(this IServiceCollection services, RpcSessionsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(new RpcSessions(options));
        return services;
    }
}
