using System.Diagnostics;
using System.Globalization;
using Eit.Connection;

namespace Eit.Bench;

/// <summary>The longest silence at a client that is sent a message a millisecond: steady, and around a planned cycle.</summary>
internal static class HandOverGap
{
    private const int Messages = 3_000;

    internal static async Task RunAsync(ServerProcess server, int rounds)
    {
        foreach (int roundTripMs in (int[])[0, 50])
        {
            await RunAsync(server, rounds, roundTripMs);
        }
    }

    private static async Task RunAsync(ServerProcess server, int rounds, int roundTripMs)
    {
        using DelayRelay? relay = roundTripMs == 0 ? null : new DelayRelay(server.Port, TimeSpan.FromMilliseconds(roundTripMs));
        Console.WriteLine($"Hand-over, a message a millisecond, round trip {roundTripMs} ms: longest silence in ms");
        Console.WriteLine("round       steady     3 cycles     lost or out of order     IsConnected turned false");
        var steadies = new List<double>();
        var cycled = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            (double steady, int steadyWrong, _) = await StreamAsync(server, relay?.Port, cycles: 0);
            (double moved, int movedWrong, int falls) = await StreamAsync(server, relay?.Port, cycles: 3);
            if (round == 0) { continue; }                          // The first round warms up.
            steadies.Add(steady);
            cycled.Add(moved);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round,5} {steady,12:N2} {moved,12:N2} {steadyWrong + movedWrong,24} {falls,28}"));
        }
        steadies.Sort();
        cycled.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median steady {steadies[steadies.Count / 2]:N2}, with cycles {cycled[cycled.Count / 2]:N2}"));
    }

    private static async Task<(double Longest, int Wrong, int Falls)> StreamAsync(ServerProcess server, int? port, int cycles)
    {
        await using EitConnection client = server.Client(port);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        long last = 0;
        double longest = 0;
        int expected = 0;
        int wrong = 0;
        int falls = 0;
        client.OnMessage(text =>
        {
            long now = Stopwatch.GetTimestamp();
            if (last != 0) { longest = Math.Max(longest, (now - last) * 1000.0 / Stopwatch.Frequency); }
            last = now;
            if (int.Parse(text, CultureInfo.InvariantCulture) != expected++) { wrong++; }
            if (expected == Messages) { done.TrySetResult(); }
        });
        client.StateChanged += (_, change) =>
        {
            if (change.Previous == EitConnectionState.Connected && change.Current != EitConnectionState.Closed) { falls++; }
        };
        await client.StartAsync();
        client.Send($"stream {Messages}");
        for (int i = 0; i < cycles; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            await client.CycleAsync();
        }
        await done.Task;
        return (longest, wrong, falls);
    }
}
