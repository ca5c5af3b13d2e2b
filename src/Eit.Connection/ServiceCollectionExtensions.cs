using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Eit.Connection;

/// <summary>Adds a connection to an application's services.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Adds one <see cref="EitConnection"/>, a singleton that the application starts; the container disposes it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; what is wrong with them is told when the host starts.</param>
    public static IServiceCollection AddEitConnection(this IServiceCollection services, Action<EitConnectionOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<EitConnectionOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EitConnectionOptions>, EitConnectionOptionsValidation>());
        services.TryAddSingleton(static provider => new EitConnection(provider.GetRequiredService<IOptions<EitConnectionOptions>>().Value, provider.GetService<ILoggerFactory>()));
        return services;
    }

    private sealed class EitConnectionOptionsValidation : IValidateOptions<EitConnectionOptions>
    {
        public ValidateOptionsResult Validate(string? name, EitConnectionOptions options)
        {
            string[] faults = [.. options.Faults()];
            return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
