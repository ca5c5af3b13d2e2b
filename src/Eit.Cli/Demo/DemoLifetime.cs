using Microsoft.Extensions.Hosting;

namespace Eit.Cli.Demo;

/// <summary>Leaves Ctrl-C to the command line, which ends the demo, which stops the server.</summary>
internal sealed class DemoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
