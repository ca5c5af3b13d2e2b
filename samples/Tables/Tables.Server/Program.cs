using Microsoft.AspNetCore.Builder;

namespace Tables.Server;

internal static class Program
{
    private static async Task Main(string[] args)
    {
        await using WebApplication app = TablesServer.Build(args);
        await app.RunAsync();
    }
}
