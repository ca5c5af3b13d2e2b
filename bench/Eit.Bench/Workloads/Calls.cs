using System.Diagnostics;
using Eit.Connection;
using Eit.Protocol.Wire;
using Eit.Rpc;

namespace Eit.Bench;

/// <summary>Small calls, which the server adds up: one at a time, each when the one before is answered, and so many under way at once. Every answer is checked.</summary>
internal static class Calls
{
    internal const string Rate = "calls/s";
    internal const string Cpu = "CPU a call of both sides, us";
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(2);

    internal static string Name(int underWay) => underWay == 1 ? "calls, one at a time" : $"calls, {underWay} under way";

    internal static async Task RunAsync(ServerProcess server, int rounds, Report report)
    {
        await using Caller signalR = await OpenSignalRAsync(server);
        await using Caller json = await OpenEitAsync(server, WireEncoding.Json);
        await using Caller binary = await OpenEitAsync(server, WireEncoding.Binary);
        foreach (int underWay in (int[])[1, 100])
        {
            await Rounds.RunAsync([signalR, json, binary], warmUps: 2, rounds, async (stack, counts) =>
            {
                TimeSpan cpu = server.Process.ProcessorTime + Environment.CpuUsage.TotalTime;
                long began = Stopwatch.GetTimestamp();
                int[] made = await Task.WhenAll(Enumerable.Range(0, underWay).Select(_ => CallOnAsync(stack.AddAsync, began)));
                double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
                cpu = server.Process.ProcessorTime + Environment.CpuUsage.TotalTime - cpu;
                if (!counts) { return; }
                report.Add(Name(underWay), Rate, stack.Name, made.Sum() / seconds);
                report.Add(Name(underWay), Cpu, stack.Name, cpu.TotalMicroseconds / made.Sum());
            });
            report.Print(Name(underWay));
        }
    }

    private static async Task<int> CallOnAsync(Func<int, int, Task<int>> add, long began)
    {
        await Task.Yield();
        int made = 0;
        for (; Stopwatch.GetElapsedTime(began) < s_time; made++)
        {
            int sum = await add(made, 1);
            if (sum != made + 1) { throw new InvalidOperationException($"{made} and 1 are {sum}."); }
        }
        return made;
    }

    private static async Task<Caller> OpenSignalRAsync(ServerProcess server)
    {
        var client = new SignalRClient(new Uri($"https://127.0.0.1:{server.Port}/calls"), server.CertificateSha256);
        await client.StartAsync();
        return new Caller(Stack.SignalR.Name, (one, two) => client.InvokeAsync<int>(nameof(CallHub.Add), one, two), client);
    }

    private static async Task<Caller> OpenEitAsync(ServerProcess server, WireEncoding encoding)
    {
        EitConnectionOptions options = Stack.EitOptions(server.Port, server.CertificateSha256, encoding);
        options.Url = new Uri($"wss://127.0.0.1:{server.Port}/rpc");
        var connection = new EitConnection(options);
        RpcConnection client = connection.UseRpc();
        await connection.StartAsync();
        return new Caller(encoding == WireEncoding.Json ? "Eit JSON" : "Eit binary", (one, two) => client.CallAsync<int>(CallApi.Method, one, two), connection);
    }

    private sealed record Caller(string Name, Func<int, int, Task<int>> AddAsync, IAsyncDisposable Client) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Client.DisposeAsync();
    }
}
