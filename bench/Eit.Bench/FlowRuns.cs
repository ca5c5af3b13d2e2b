using Eit.EndToEnd.Tests;
using Eit.Protocol.Session;

namespace Eit.Bench;

/// <summary>The runs of the end-to-end tests that show flow control, in full size; client and server in one process, real Kestrel and TLS.</summary>
internal static class FlowRuns
{
    private const int Holes = 50;
    private static readonly TimeSpan s_timeout = new SessionSettings().Timeout;

    internal static async Task RunAsync(string? part)
    {
        if (part is null or "handler") { await SlowHandlerAsync(); }
        if (part is null or "text") { await LargeTransferAsync(isText: true); }
        if (part is null or "binary") { await LargeTransferAsync(isText: false); }
        if (part is null or "stalls") { await StallingFeedAsync(); }
        if (part is null or "holes") { await BlackHolesAsync(); }
    }

    private static async Task SlowHandlerAsync()
    {
        const int Outbox = 1_000;                                  // The default of 8,192 would wait for longer than the 60 s that a message may wait to leave.
        Say("A handler of 100 messages/s, 100,000/s offered for 30 s", await SlowHandler.RunAsync(30 * SlowHandler.HandledPerSecondMax, Outbox, new SessionSettings().WindowMessages));
    }

    private static async Task LargeTransferAsync(bool isText) =>
        Say("10 MB over a slow path", await LargeTransfer.RunAsync(length: 10_000_000, bitsPerSecond: 1_000_000, isText));

    private static async Task StallingFeedAsync()
    {
        foreach (CompleteWhen completeWhen in (CompleteWhen[])[CompleteWhen.Processed, CompleteWhen.Accepted])
        {
            Say($"1,000 keyed values/s, stalls of 2 s every 10 s, sends wait until {completeWhen}", await StallingFeed.RunAsync(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(2), rounds: 5, completeWhen));
        }
    }

    private static async Task BlackHolesAsync()
    {
        Say($"{Holes} black holes, time-out {s_timeout.TotalSeconds} s, racing", await BlackHoles.RunAsync(Holes, s_timeout, races: true));
        Say($"5 black holes, time-out {s_timeout.TotalSeconds} s, not racing", await BlackHoles.RunAsync(holes: 5, s_timeout, races: false));
    }

    private static void Say(string title, object result)
    {
        Console.WriteLine($"== {title}");
        Console.WriteLine(result);
    }
}
