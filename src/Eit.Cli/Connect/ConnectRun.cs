using System.Globalization;
using Eit.Connection;

namespace Eit.Cli.Connect;

/// <summary>One run of the verb <c>connect</c>: lines in, messages out, until the input or the count ends.</summary>
internal sealed class ConnectRun
{
    private const int MessageBytesMax = 16 * 1024 * 1024;
    private const int NotAllDone = 1;

    private static readonly TimeSpan s_interruptedLimit = TimeSpan.FromSeconds(5);

    private readonly ConnectOptions _options;
    private readonly TimeProvider _time;
    private readonly LineSource _lines;
    private readonly MessagePrinter _printer;
    private readonly TextWriter _error;
    private readonly Conversation _conversation;
    private readonly TaskCompletionSource _counted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _printed;

    internal ConnectRun(ConnectOptions options, TimeProvider time, Stream input, Stream output, TextWriter error, bool isTerminal)
    {
        (_options, _time, _error) = (options, time, TextWriter.Synchronized(error));
        _lines = new LineSource(input, MessageBytesMax);
        _printer = new MessagePrinter(output, options, isTerminal);
        _conversation = options.IsPlain ? new PlainConversation(options, MessageBytesMax, PrintAsync, Say) : new EitConversation(options, MessageBytesMax, PrintAsync, Say);
    }

    /// <summary>Runs to the end of the input, or of the count.</summary>
    /// <param name="interrupted">Ends the input early.</param>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync(CancellationToken interrupted)
    {
        await using (_conversation)
        {
            string? problem = await TalkAsync(interrupted);
            if (problem is null) { return 0; }
            Say(problem);
            return NotAllDone;
        }
    }

    private async Task<string?> TalkAsync(CancellationToken interrupted)
    {
        using var limit = new CancellationTokenSource(_options.Timeout ?? Timeout.InfiniteTimeSpan, _time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _conversation.Over);
        try
        {
            try
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, interrupted);
                await _conversation.StartAsync(stop.Token);
                await SendAndCountAsync(stop.Token);
            }
            catch (OperationCanceledException) when (interrupted.IsCancellationRequested && !ending.IsCancellationRequested) { ending.CancelAfter(s_interruptedLimit); }
            return await _conversation.FinishAsync(ending.Token);
        }
        catch (FormatException wrong) { return string.Create(CultureInfo.InvariantCulture, $"Line {_lines.Number} {wrong.Message}."); }
        catch (ArgumentException tooLarge) { return string.Create(CultureInfo.InvariantCulture, $"Line {_lines.Number} was not sent: {tooLarge.Message}"); }
        catch (IOException broken) { return $"The input can't be read: {broken.Message}"; }
        catch (Exception end) when (end is OperationCanceledException or EitException)
        {
            if (_conversation.Problem is { } problem) { return problem; }
            return limit.IsCancellationRequested ? string.Create(CultureInfo.InvariantCulture, $"It was not done within {_options.Timeout!.Value.TotalSeconds} s.") : "It was interrupted, and not everything is acknowledged.";
        }
    }

    private async Task SendAndCountAsync(CancellationToken stop)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task sending = SendAsync(enough.Token);
        if (_options.Count is null)
        {
            await sending;
            return;
        }
        await await Task.WhenAny(sending, _counted.Task);
        await _counted.Task.WaitAsync(stop);
        await enough.CancelAsync();
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);   // What was not sent is not wanted any more.
    }

    private async Task SendAsync(CancellationToken stop)
    {
        while (await NextLineAsync(stop) is { } line) { await _conversation.SendAsync(ConnectMessage.Of(line.Span, _options.Payload), stop); }
    }

    /// <summary>Reads a line. Who types one now and then need not type another for the last one to be seen to.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> NextLineAsync(CancellationToken stop)
    {
        ValueTask<ReadOnlyMemory<byte>?> next = _lines.NextAsync(stop);
        if (next.IsCompleted) { return await next; }
        Task<ReadOnlyMemory<byte>?> reading = next.AsTask();
        while (!reading.IsCompleted && _conversation.Unsettled is { } unsettled)
        {
            await Task.WhenAny(reading, unsettled);
            if (unsettled.IsCompleted) { await _conversation.SettleAsync(stop); }
        }
        return await reading;
    }

    private async ValueTask PrintAsync(ConnectMessage message)
    {
        if (_counted.Task.IsCompleted) { return; }
        try { await _printer.PrintAsync(message); }
        catch (IOException)
        {
            _conversation.Fail("The output is closed.");
            return;
        }
        if (++_printed == _options.Count) { _counted.TrySetResult(); }
    }

    private void Say(string what) => Terminal.Say(_error, $"eit: {what}");
}
