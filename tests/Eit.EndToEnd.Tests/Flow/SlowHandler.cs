using System.Diagnostics;
using System.Globalization;
using Eit.Connection;
using Eit.Server;
using Microsoft.AspNetCore.Builder;

namespace Eit.EndToEnd.Tests;

/// <summary>A handler that takes 100 messages a second and a sender that offers 100,000 of 100 B; meanwhile urgent messages.</summary>
internal sealed record SlowHandler
{
    internal const int HandledPerSecondMax = 100;
    private const int OfferedPerSecond = 100_000;
    private const int Parts = 3;
    private static readonly string s_filler = new('x', 90);

    internal required int Offered { get; init; }

    internal required int Taken { get; init; }

    /// <summary>How many of those that were taken came not, twice, or out of order.</summary>
    internal required int Wrong { get; init; }

    /// <summary>How many were at most taken and not yet handled.</summary>
    internal required int HeldMost { get; init; }

    /// <summary>What is taken a second after the first third, when everything is full.</summary>
    internal required double TakenPerSecond { get; init; }

    internal required double HandledPerSecond { get; init; }

    /// <summary>The heap that lives in the process of both sides: before, and after each third.</summary>
    internal required IReadOnlyList<long> HeapBytes { get; init; }

    internal required UrgentMessages Urgent { get; init; }

    /// <summary>Goes on until so many messages are handled.</summary>
    internal static async Task<SlowHandler> RunAsync(int messages, int outbox, int window)
    {
        int handled = 0;
        int wrong = 0;
        var urgent = new UrgentMessages(() => Volatile.Read(ref handled));
        using var pace = new Pace(TimeSpan.FromSeconds(1.0 / HandledPerSecondMax));
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit("/eit", (_, text) =>
            {
                if (!urgent.TryNote(text) && int.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture) != handled++) { wrong++; }
                return pace.NextAsync();
            }),
            options => options.Session.WindowMessages = window);
        await using EitConnection client = host.Client(configure: options => options.Session.OutboxMessagesMax = outbox);
        await client.StartAsync().Soon();
        var heap = new List<long> { GC.GetTotalMemory(forceFullCollection: true) };

        var watch = Stopwatch.StartNew();
        bool IsUnderWay() => Volatile.Read(ref handled) < messages && watch.Elapsed < Patience.Guard;
        Task urgentSent = urgent.SendAsync(client, IsUnderWay);
        (int offered, int taken, int heldMost) = (0, 0, 0);
        (double At, int Taken, int Handled) full = default;
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        string next = Text(0);
        while (IsUnderWay())
        {
            for (; offered < watch.Elapsed.TotalSeconds * OfferedPerSecond; offered++)
            {
                if (client.Send(next)) { next = Text(++taken); }
            }
            heldMost = Math.Max(heldMost, taken - Volatile.Read(ref handled));
            if (Volatile.Read(ref handled) * Parts > messages * heap.Count)
            {
                if (heap.Count == 1) { full = (watch.Elapsed.TotalSeconds, taken, handled); }
                heap.Add(GC.GetTotalMemory(forceFullCollection: true));
            }
            await ticks.WaitForNextTickAsync();
        }
        double seconds = watch.Elapsed.TotalSeconds - full.At;
        (double takenPerSecond, double handledPerSecond) = ((taken - full.Taken) / seconds, (handled - full.Handled) / seconds);
        heap.Add(GC.GetTotalMemory(forceFullCollection: true));
        await urgentSent;
        await client.SendAsync(next).Soon();

        return new SlowHandler
        {
            Offered = offered,
            Taken = taken,
            Wrong = wrong + Math.Abs(taken + 1 - handled),
            HeldMost = heldMost,
            TakenPerSecond = takenPerSecond,
            HandledPerSecond = handledPerSecond,
            HeapBytes = heap,
            Urgent = urgent,
        };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        {Offered:N0} offered, {Taken:N0} taken, {Wrong} lost or out of order; at most {HeldMost:N0} held
        settled: {TakenPerSecond:N1}/s taken, {HandledPerSecond:N1}/s handled; heap of both sides, KiB: {string.Join(", ", HeapBytes.Select(static bytes => (bytes / 1024).ToString("N0", CultureInfo.InvariantCulture)))}
        urgent: {Urgent.Ways}; {Urgent.Lost} lost
        """);

    private static string Text(int number) => string.Create(CultureInfo.InvariantCulture, $"{number:D9} {s_filler}");
}
