using System.Globalization;
using System.Net.WebSockets;

namespace Eit.Bench;

/// <summary>A process of clients that do nothing but come back when they are lost: it opens as many as it is asked to, and ends with its standard input.</summary>
internal static class IdleClients
{
    private const int DialsAtOnce = 20;

    internal static async Task<int> RunAsync(string stack, int port, string certificateSha256)
    {
        var server = new ServerAddress(port, certificateSha256);
        List<ClientEnd> ends = [];
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line is "memory")
            {
                Console.WriteLine(ProcessFigures.Memory());
                continue;
            }
            int wanted = int.Parse(line.AsSpan("open ".Length), CultureInfo.InvariantCulture);
            while (ends.Count < wanted) { ends.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(DialsAtOnce, wanted - ends.Count)).Select(_ => OpenAsync(Stack.Named(stack), server)))); }
            Console.WriteLine("open");
        }
        GC.KeepAlive(ends);
        Environment.Exit(0);                                       // Thousands of closes measure nothing.
        return 0;
    }

    private static async Task<ClientEnd> OpenAsync(Stack stack, ServerAddress server)
    {
        ClientEnd end = await stack.OpenAsync(server, server.Port);
        if (end.Line is RawLine line) { _ = ComeBackAsync(line, server); }
        return end;
    }

    /// <summary>A bare WebSocket does not come back by itself: the application tries again every 50 to 150 ms.</summary>
    private static async Task ComeBackAsync(RawLine line, ServerAddress server)
    {
        while (true)
        {
            await line.Ended;
            await line.DisposeAsync();
            while (true)
            {
                await Task.Delay(Random.Shared.Next(50, 150));
                try { line = (RawLine)(await Stack.Raw.OpenAsync(server, server.Port)).Line; }
                catch (WebSocketException) { continue; }
                break;
            }
        }
    }
}
