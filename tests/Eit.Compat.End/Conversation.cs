using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Eit.Compat.End;

/// <summary>
/// One end's part of a conversation, the same for a client and a server: messages in four lanes, as text and as bytes, in one piece and in several, some with a life; a feed of which only the latest
/// counts; calls and streams, and events from the server. It notes what it sends, what became of that, and what comes.
/// </summary>
internal sealed class Conversation(string tag, string session, Notes notes, TimeSpan pace, TimeSpan patience) : INearEnd
{
    private const int Items = 40;

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _untold = [];
    private Task _talking = Task.CompletedTask;

    /// <summary>Begins to talk.</summary>
    public void Begin(IFarEnd far) => _talking = Task.WhenAll(
    [
        .. Enumerable.Range(0, 4).Select(lane => TalkAsync(string.Create(CultureInfo.InvariantCulture, $"lane{lane}"), (stream, number) => SendAsync(far, stream, number, lane))),
        TalkAsync("feed", (stream, number) => SendAsync(far, stream, number, lane: 3)),
        TalkAsync("call", (stream, number) => CallAsync(far, stream, number)),
        TalkAsync("items", (stream, number) => CallAsync(far, stream, number)),
        far.HasEvents ? TalkAsync("event", (stream, number) => Emit(far, stream, number)) : Task.CompletedTask,
    ]);

    /// <summary>Says nothing more, and waits until it is known what became of everything.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _talking.WaitAsync(patience);
            await Task.WhenAll(_untold).WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // The notes say what has no outcome.
        }
    }

    public void Take(string text)
    {
        if (!Body.TryRead(text, out string from, out string stream, out long number)) { notes.Damaged(from, stream, number); }
        notes.Handled(from, stream, number, session);
        if (number % 29 == 3) { throw new InvalidOperationException("A handler that throws does not end its session."); }
    }

    public void Take(ReadOnlySpan<byte> bytes) => Take(Encoding.UTF8.GetString(bytes));

    public void Hear(string text) => Take(text);

    public async Task<string> RunAsync(string method, string argument)
    {
        if (method == "stop") { await StopAsync(); }
        else { NoteCall(argument); }
        return Reversed(argument);
    }

    public async IAsyncEnumerable<string> ItemsAsync(string argument)
    {
        NoteCall(argument);
        for (int i = 0; i < Items; i++)
        {
            yield return Item(argument, i);
            await Task.Yield();
        }
    }

    public void Ended(string why) => notes.Ended(tag, why);

    private async Task TalkAsync(string stream, Func<string, long, Task> say)
    {
        using var timer = new PeriodicTimer(pace);
        for (long number = 1; !_stop.IsCancellationRequested; number++)
        {
            notes.Sending(tag, stream, number);
            try { await say(stream, number); }
            catch (Exception failure) { notes.Told(tag, stream, number, $"threw-{failure.GetType().Name}:{failure.Message.ReplaceLineEndings(" ")}"); }
            try { await timer.WaitForNextTickAsync(_stop.Token); }
            catch (OperationCanceledException) { return; }
        }
    }

    private async Task SendAsync(IFarEnd far, string stream, long number, int lane)
    {
        string text = Body.Make(tag, stream, number);
        TimeSpan? life = (stream, number % 10) switch
        {
            ("lane1", 4) => TimeSpan.FromMilliseconds(20),
            ("lane1", 8) => TimeSpan.FromSeconds(5),
            _ => null,
        };
        var manner = new Manner(lane, life, stream == "feed" ? "feed" : null);
        Task<string> outcome = await (number % 2 == 0 ? far.SendAsync(text, manner) : far.SendAsync(Encoding.UTF8.GetBytes(text), manner));
        _untold.Add(NoteAsync(stream, number, outcome));
    }

    private async Task NoteAsync(string stream, long number, Task<string> outcome) => notes.Told(tag, stream, number, await outcome);

    private async Task CallAsync(IFarEnd far, string stream, long number)
    {
        string argument = Body.Make(tag, stream, number);
        bool isStream = stream == "items";
        Answer answer = await (isStream ? far.StreamAsync("items", argument) : far.CallAsync("mark", argument));
        IEnumerable<string> expected = isStream ? Enumerable.Range(0, Items).Select(i => Item(argument, i)) : [Reversed(argument)];
        if (answer.Outcome == "Processed" && !answer.Values.SequenceEqual(expected)) { notes.Damaged(tag, stream, number); }
        notes.Told(tag, stream, number, answer.Outcome);
    }

    private Task Emit(IFarEnd far, string stream, long number)
    {
        notes.Told(tag, stream, number, far.Emit(Body.Make(tag, stream, number)) ? "Emitted" : "NotSent");
        return Task.CompletedTask;
    }

    private void NoteCall(string argument)
    {
        if (!Body.TryRead(argument, out string from, out string stream, out long number)) { notes.Damaged(from, stream, number); }
        notes.Handled(from, stream, number, session);
    }

    private static string Item(string argument, int index) => string.Create(CultureInfo.InvariantCulture, $"{index} {argument.Length}");

    private static string Reversed(string argument) => string.Create(CultureInfo.InvariantCulture, $"{argument.Length} {argument[..argument.IndexOf(' ', StringComparison.Ordinal)]}");
}
