using Microsoft.Extensions.Hosting;

namespace Eit.Cli;

/// <summary>Leaves Ctrl-C to the command line, which ends the verb, which stops the server.</summary>
internal sealed class CommandLineLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
