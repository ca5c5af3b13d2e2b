using System.Diagnostics;
using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

/// <summary>A large message over a slow path that would swallow megabytes; meanwhile urgent messages.</summary>
internal sealed record LargeTransfer
{
    private const int MessageBytesMax = 16 * 1024 * 1024;
    private const int HeldByPathMax = 8 * 1024 * 1024;

    internal required int Length { get; init; }

    internal required int BitsPerSecond { get; init; }

    internal required bool IsText { get; init; }

    internal required SendOutcome Outcome { get; init; }

    internal required bool IsWhole { get; init; }

    internal required TimeSpan Took { get; init; }

    /// <summary>How often the connection was lost meanwhile.</summary>
    internal required int Losses { get; init; }

    internal required UrgentMessages Urgent { get; init; }

    internal static async Task<LargeTransfer> RunAsync(int length, int bitsPerSecond, bool isText, TimeSpan? timeout = null)
    {
        var urgent = new UrgentMessages(static () => 0);
        var handler = new Handler(urgent);
        await using TestHost host = await TestHost.StartAsync(
            static app => app.MapEit<Handler>("/eit"),
            options =>
            {
                (options.Session.MessageBytesMax, options.Session.WindowBytes) = (MessageBytesMax, MessageBytesMax);
                options.Session.Timeout = timeout ?? options.Session.Timeout;
            },
            build: builder => builder.Services.AddSingleton(handler));
        await using var relay = new FaultRelay(host.Port) { SlowPath = new SlowPath(bitsPerSecond / 8, HeldByPathMax) };
        await using EitConnection client = host.Client(port: relay.Port, configure: options => options.Session.Timeout = timeout ?? options.Session.Timeout);
        Happenings<EitStateChange> states = client.Watch();
        await client.StartAsync().Soon();
        byte[] large = [.. Enumerable.Range(0, length).Select(static place => (byte)('a' + (place % 23)))];   // 23 divides no piece: a wrong order would show.
        var options = new SendOptions { Lane = Lane.Bulk };

        var watch = Stopwatch.StartNew();
        Task<SendOutcome> transfer = isText
            ? client.SendAsync(System.Text.Encoding.ASCII.GetString(large), options).AsTask()
            : client.SendAsync(large.AsMemory(), options).AsTask();
        await urgent.SendAsync(client, () => !handler.Arrived.IsCompleted);
        byte[] arrived = await handler.Arrived;
        TimeSpan took = handler.ArrivedAfter(watch);
        SendOutcome outcome = await transfer.Soon();

        return new LargeTransfer
        {
            Length = length,
            BitsPerSecond = bitsPerSecond,
            IsText = isText,
            Outcome = outcome,
            IsWhole = arrived.AsSpan().SequenceEqual(large),
            Took = took,
            Losses = states.All.Count(static change => change.Previous == EitConnectionState.Connected),
            Urgent = urgent,
        };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        {Length:N0} bytes as {(IsText ? "text" : "binary")} at {BitsPerSecond / 1e6:N0} Mbit/s: {Outcome}, {(IsWhole ? "whole" : "DAMAGED")}, {Took.TotalSeconds:N1} s, payload {Length * 8 / Took.TotalSeconds / BitsPerSecond:P0} of the path; {Losses} false time-outs
        urgent: {Urgent.Ways}; {Urgent.Lost} lost
        """);

    private sealed class Handler(UrgentMessages urgent) : EitHandler
    {
        private readonly TaskCompletionSource<byte[]> _arrived = Patience.NewSource<byte[]>();
        private long _arrivedAt;

        internal Task<byte[]> Arrived => _arrived.Task;

        internal TimeSpan ArrivedAfter(Stopwatch watch) => watch.Elapsed - Stopwatch.GetElapsedTime(_arrivedAt);

        public override ValueTask OnMessageAsync(EitSession session, string message)
        {
            if (!urgent.TryNote(message)) { Take(System.Text.Encoding.ASCII.GetBytes(message)); }
            return default;
        }

        public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
        {
            Take(message.ToArray());
            return default;
        }

        private void Take(byte[] message)
        {
            _arrivedAt = Stopwatch.GetTimestamp();
            _arrived.TrySetResult(message);
        }
    }
}
