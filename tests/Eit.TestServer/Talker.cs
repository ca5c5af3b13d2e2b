using System.Globalization;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.TestServer;

/// <summary>
/// The server's part of a talk: numbered texts to the client, <c>NUMBER</c>, one in every so many milliseconds (<c>?pace=20&amp;size=100</c>). A client's text is <c>NAME NUMBER</c> and perhaps
/// a word more: <c>?</c> is answered with <c>NUMBER !ANSWERED</c>, <c>stop</c> ends the server's texts with <c>NUMBER end</c>.
/// </summary>
internal sealed class Talker : EitHandler
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private Task _talking = Task.CompletedTask;
    private int _size;
    private long _number;

    public override ValueTask OnConnectedAsync(EitSession session)
    {
        _size = int.Parse(session.Parameters["size"].ToString(), CultureInfo.InvariantCulture);
        _talking = TalkAsync(session, TimeSpan.FromMilliseconds(int.Parse(session.Parameters["pace"].ToString(), CultureInfo.InvariantCulture)));
        return default;
    }

    public override async ValueTask OnMessageAsync(EitSession session, string message)
    {
        string[] words = message.Split(' ', 4);
        Program.Say($"processed {words[0]} {words[1]}");
        switch (words[2])
        {
            case "?":
                await SayAsync(session, $"!{words[1]}");
                break;
            case "stop":
                await _stop.CancelAsync();
                await _talking;
                await SayAsync(session, "end");
                break;
            default:
                break;
        }
    }

    public override async ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        await _stop.CancelAsync();
        await _talking;
    }

    private async Task TalkAsync(EitSession session, TimeSpan pace)
    {
        using var timer = new PeriodicTimer(pace);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) { await SayAsync(session, string.Empty); }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private async Task SayAsync(EitSession session, string more)
    {
        await _turn.WaitAsync();
        try { await session.SendAsync(string.Create(CultureInfo.InvariantCulture, $"{++_number} {more} ").PadRight(_size, 'x'), s_accepted); }
        finally { _turn.Release(); }
    }
}
