using Eit.Server.Channels;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Eit.Server;

/// <summary>Adds Eit to an application's services.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Adds what <see cref="EndpointRouteBuilderExtensions.MapEit(Microsoft.AspNetCore.Routing.IEndpointRouteBuilder, string, Func{EitSession, string, ValueTask})"/> needs.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; what is wrong with them is told when the host starts.</param>
    public static IServiceCollection AddEit(this IServiceCollection services, Action<EitServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<EitServerOptions> options = services.AddOptions<EitServerOptions>().ValidateOnStart();
        if (configure is not null) { options.Configure(configure); }
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EitServerOptions>, EitServerOptionsValidation>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<EitSessions>();
        services.TryAddSingleton<EitChannels>();
        services.TryAddSingleton<TimeoutManager>();
        services.TryAddSingleton(static provider => new Guard(provider.GetRequiredService<IOptions<EitServerOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(static provider => new HelloWaits(provider.GetRequiredService<IOptions<EitServerOptions>>().Value));
        services.TryAddSingleton<ResumeGuard>();
        services.TryAddSingleton<TransportEndpoint>();
        services.TryAddSingleton<RefusalByClose>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, HeadlessFilter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, MiddlewareRefusals>());   // Inside: it sees what becomes a close out there.
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, RefusedResumeFilter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, QueryTokenPolicy>());
        services.AddHostedService<DrainService>();
        return services;
    }

    private sealed class EitServerOptionsValidation : IValidateOptions<EitServerOptions>
    {
        public ValidateOptionsResult Validate(string? name, EitServerOptions options)
        {
            string[] faults = [.. options.Faults()];
            return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
