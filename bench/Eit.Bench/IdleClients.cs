using Eit.Connection;

namespace Eit.Bench;

/// <summary>The client process of <see cref="IdleConnections"/>: it opens its connections, says so, and does nothing until its standard input ends.</summary>
internal static class IdleClients
{
    private const int DialsAtOnce = 20;

    internal static async Task<int> RunAsync(int port, string certificateSha256, int count)
    {
        EitConnection[] clients = [.. Enumerable.Range(0, count).Select(_ => new EitConnection(ServerProcess.ClientOptions(port, certificateSha256)))];
        int losses = 0;
        foreach (EitConnection[] some in clients.Chunk(DialsAtOnce)) { await Task.WhenAll(some.Select(static client => client.StartAsync())); }
        foreach (EitConnection client in clients) { client.StateChanged += (_, _) => Interlocked.Increment(ref losses); }
        Console.WriteLine("open");
        await Console.In.ReadToEndAsync();
        if (losses > 0) { Console.Error.WriteLine($"{losses} changes of state while idle."); }
        Environment.Exit(losses > 0 ? 1 : 0);                      // A thousand closes measure nothing.
        return 0;
    }
}
