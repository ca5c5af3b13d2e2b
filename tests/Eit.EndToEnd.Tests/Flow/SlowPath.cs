using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Eit.EndToEnd.Tests;

/// <summary>A slow path: it takes what comes at once, as kernels and radios do, and delivers it at its rate.</summary>
/// <param name="BytesPerSecond">The rate of each direction.</param>
/// <param name="HeldBytesMax">How much of each direction it swallows ahead of that.</param>
internal sealed record SlowPath(int BytesPerSecond, int HeldBytesMax)
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(4);

    /// <summary>Carries one direction until its source ends.</summary>
    internal async Task CarryAsync(Socket from, Socket to)
    {
        var held = new Pipe(new PipeOptions(pauseWriterThreshold: HeldBytesMax, resumeWriterThreshold: HeldBytesMax / 2));
        Task swallowing = SwallowAsync(from, held.Writer);
        try { await DeliverAsync(held.Reader, to); }
        finally { await held.Reader.CompleteAsync(); }
        await swallowing;
    }

    private static async Task SwallowAsync(Socket from, PipeWriter held)
    {
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(held.GetMemory(16 * 1024))) > 0)
            {
                held.Advance(count);
                FlushResult flushed = await held.FlushAsync();
                if (flushed.IsCompleted) { return; }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The source is gone: what is held goes on.
        }
        finally { await held.CompleteAsync(); }
    }

    private async Task DeliverAsync(PipeReader held, Socket to)
    {
        using var ticks = new PeriodicTimer(s_tick);
        double allowedMax = BytesPerSecond * s_tick.TotalSeconds * 4;
        double allowed = allowedMax;
        long filledAt = Stopwatch.GetTimestamp();
        while (true)
        {
            ReadResult got = await held.ReadAsync();
            if (got.Buffer.IsEmpty && got.IsCompleted) { return; }
            long now = Stopwatch.GetTimestamp();
            allowed = Math.Min(allowedMax, allowed + (Stopwatch.GetElapsedTime(filledAt, now).TotalSeconds * BytesPerSecond));
            filledAt = now;
            ReadOnlyMemory<byte> next = got.Buffer.First;
            next = next[..Math.Min(next.Length, (int)allowed)];
            int sent = next.IsEmpty ? 0 : await to.SendAsync(next);
            allowed -= sent;
            held.AdvanceTo(got.Buffer.GetPosition(sent));
            if (allowed < 1) { await ticks.WaitForNextTickAsync(); }
        }
    }
}
