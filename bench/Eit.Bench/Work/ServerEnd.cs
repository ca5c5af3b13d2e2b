using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Eit.Bench;

/// <summary>What the server does with the messages of one client, over whichever stack: counts, echoes, answers how many it counted, pushes.</summary>
internal sealed class ServerEnd(ILine line)
{
    private const int SendsPerLook = 16;                           // At the clock.
    private long _count;
    private Message _echo = Message.OfSize(Message.Echoed, 1);

    internal ValueTask ReceivedAsync(string text)
    {
        if (text[0] != Message.Counted) { return text[0] == Message.Echoed ? EchoAsync(text.Length) : CommandAsync(text); }
        _count++;
        return default;
    }

    internal ValueTask ReceivedAsync(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != Message.Counted) { return bytes[0] == Message.Echoed ? EchoAsync(bytes.Length) : CommandAsync(Encoding.ASCII.GetString(bytes)); }
        _count++;
        return default;
    }

    private ValueTask EchoAsync(int length)
    {
        if (_echo.Bytes.Length != length) { _echo = Message.OfSize(Message.Echoed, length); }
        return line.SendAsync(_echo);
    }

    private ValueTask CommandAsync(string command)
    {
        string[] words = command.Split(' ');
        switch (words[0])
        {
            case "count":
                var answer = new Message($"{Message.Answer}{_count}");
                _count = 0;
                return line.SendAsync(answer);
            case "push":
                _ = PushAsync(TimeSpan.FromMilliseconds(int.Parse(words[1], CultureInfo.InvariantCulture)), int.Parse(words[2], CultureInfo.InvariantCulture));
                return default;
            default:
                throw new ArgumentException($"The server does not know '{command}'.", nameof(command));
        }
    }

    private async Task PushAsync(TimeSpan time, int bytes)
    {
        await Task.Yield();
        var message = Message.OfSize(Message.Counted, bytes);
        long sent = 0;
        var watch = Stopwatch.StartNew();
        do
        {
            for (int i = 0; i < SendsPerLook; i++) { await line.SendAsync(message); }
            sent += SendsPerLook * line.PerSend(message);
        }
        while (watch.Elapsed < time);
        await line.SendAsync(new Message($"{Message.Answer}{sent}"));
    }
}
