using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Eit.Bench;

/// <summary>What the client does with the server's messages, over whichever stack: counts, takes answers, plays ping-pong.</summary>
internal sealed class ClientEnd(ILine line) : IAsyncDisposable
{
    private readonly TaskCompletionSource<long> _none = new();
    private TaskCompletionSource<long>? _answer;
    private PingPong? _pingPong;
    private long _received;

    internal ILine Line { get; } = line;

    /// <summary>Gets how many messages have come.</summary>
    internal long Received => Volatile.Read(ref _received);

    /// <summary>Gets or sets who looks at the messages that come: their gaps and numbers.</summary>
    internal Silence? Silence { get; set; }

    internal ValueTask ReceivedAsync(string text)
    {
        if (text[0] != Message.Counted) { return text[0] == Message.Echoed ? _pingPong!.ReturnedAsync() : Answered(text); }
        _received++;
        Silence?.Heard(text.AsSpan(1));
        return default;
    }

    internal ValueTask ReceivedAsync(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != Message.Counted) { return bytes[0] == Message.Echoed ? _pingPong!.ReturnedAsync() : Answered(Encoding.ASCII.GetString(bytes)); }
        _received++;
        Silence?.Heard(default);
        return default;
    }

    /// <summary>Sends a command and waits for the number that comes back.</summary>
    internal async Task<long> AskAsync(string command)
    {
        Task<long> answer = AnswerAsync();
        await Line.SendAsync(new Message(command));
        return await answer;
    }

    /// <summary>Waits for a number from the server.</summary>
    internal Task<long> AnswerAsync() => (_answer = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(TimeSpan.FromMinutes(1));

    /// <summary>Sends a message, and again as soon as it has come back.</summary>
    /// <returns>The time of each round trip, in ticks of the stopwatch.</returns>
    internal async Task<long[]> PingPongAsync(int roundTrips, int bytes)
    {
        _pingPong = new PingPong(Line, Message.OfSize(Message.Echoed, bytes), roundTrips);
        await _pingPong.BeginAsync();
        return await _pingPong.Done.WaitAsync(TimeSpan.FromMinutes(1));
    }

    public ValueTask DisposeAsync() => Line.DisposeAsync();

    private ValueTask Answered(string text)
    {
        (_answer ?? _none).TrySetResult(long.Parse(text.AsSpan(1), CultureInfo.InvariantCulture));
        return default;
    }

    private sealed class PingPong(ILine line, Message ball, int roundTrips)
    {
        private readonly long[] _times = new long[roundTrips];
        private readonly TaskCompletionSource<long[]> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;
        private long _sentAt;

        internal Task<long[]> Done => _done.Task;

        internal ValueTask BeginAsync()
        {
            _sentAt = Stopwatch.GetTimestamp();
            return line.SendAsync(ball);
        }

        internal ValueTask ReturnedAsync()
        {
            long now = Stopwatch.GetTimestamp();
            _times[_count++] = now - _sentAt;
            if (_count < _times.Length) { return BeginAsync(); }
            _done.TrySetResult(_times);
            return default;
        }
    }
}
