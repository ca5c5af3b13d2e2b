using System.Globalization;

namespace Eit.Bench;

/// <summary>A process of clients that do nothing: it opens as many as it is asked to, and ends with its standard input.</summary>
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
            while (ends.Count < wanted) { ends.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(DialsAtOnce, wanted - ends.Count)).Select(_ => Memory.StackOf(stack).OpenAsync(server, port)))); }
            Console.WriteLine("open");
        }
        GC.KeepAlive(ends);
        Environment.Exit(0);                                       // Thousands of closes measure nothing.
        return 0;
    }
}
