using Microsoft.AspNetCore.Builder;

namespace Store.Server;

internal static class Program
{
    private static async Task Main(string[] args)
    {
        await using WebApplication app = StoreServer.Build(args);
        await app.RunAsync();
    }
}
