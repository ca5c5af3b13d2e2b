using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>Sends that wait: for a transport, for room, for the outcome. The same at both ends.</summary>
public static class PatientSend
{
    private static readonly TimeSpan s_insideHandlerLimit = TimeSpan.FromSeconds(60);

    /// <summary>Sends a message and waits as its options say. Where there is nothing to wait for, nothing is allocated.</summary>
    /// <param name="line">Those that wait to be taken over.</param>
    /// <param name="likely">The pump that most likely takes it at once; null to ask <paramref name="find"/> first.</param>
    /// <param name="message">The message.</param>
    /// <param name="options">How.</param>
    /// <param name="find">Says where it goes now, given the only session that it may go to, or null for any; takes the gate itself.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Takes the message back: it is <see cref="SendOutcome.NotSent"/> if nothing of it has left, else only the wait ends.</param>
    /// <returns>What became of it; <see cref="SendOutcome.TooLarge"/> if the peer takes no message as large.</returns>
    /// <exception cref="ArgumentException">The message is not well-formed Unicode; or a receipt is asked for where the send does not complete at Accepted.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled after the message had begun to leave.</exception>
    public static ValueTask<SendOutcome> SendAsync(
        WaitingSends line, SessionPump? likely, in OutgoingMessage message, SendOptions options, Func<SessionId?, SendTarget> find, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(time);
        bool hasTwoAnswers = options.Receipt is not null && options.CompleteWhen != CompleteWhen.Accepted;
        if (hasTwoAnswers) { throw new ArgumentException("A receipt is for a send that completes when it is Accepted; another tells by itself what became of the message.", nameof(options)); }
        bool isSimple = options is { CompleteWhen: CompleteWhen.Accepted, Session: null, Receipt: null };
        if (isSimple && likely is not null && !line.IsAnyIn(options.Lane) && !cancellationToken.IsCancellationRequested)
        {
            AcceptResult result = likely.Accept(Prepare(in message, options), out _);
            if (result == AcceptResult.TooLarge) { return new ValueTask<SendOutcome>(SendOutcome.TooLarge); }
            if (result == AcceptResult.Accepted) { return new ValueTask<SendOutcome>(SendOutcome.Accepted); }
        }
        return WaitAsync(line, message, options, find, time, cancellationToken);
    }

    /// <summary>Gives a message what its options say.</summary>
    /// <param name="message">The message.</param>
    /// <param name="options">How it is sent.</param>
    public static OutgoingMessage Prepare(in OutgoingMessage message, SendOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return message with { Lane = options.Lane, Kind = options.Kind, CompleteWhen = options.CompleteWhen, ExpiresAfter = options.ExpiresAfter, Key = options.Key, Stays = options.Stays };
    }

    private static async ValueTask<SendOutcome> WaitAsync(
        WaitingSends line, OutgoingMessage message, SendOptions options, Func<SessionId?, SendTarget> find, TimeProvider time, CancellationToken cancellationToken)
    {
        var outcome = options.CompleteWhen == CompleteWhen.Accepted ? null : new TaskCompletionSource<SendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        message = Prepare(in message, options) with { Token = outcome ?? options.Receipt?.Source, MayWait = true };
        (SessionPump? pump, long id, SendOutcome refusal) = await AcceptAsync(line, message, options, find, time, cancellationToken).ConfigureAwait(false);
        if (pump is null) { return refusal; }
        return outcome is null ? SendOutcome.Accepted : await OutcomeAsync(pump, id, outcome.Task, options, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until a pump has taken a message over, behind those that wait already.</summary>
    /// <returns>The pump; null if none has, and why.</returns>
    private static async ValueTask<(SessionPump? Pump, long Id, SendOutcome Refusal)> AcceptAsync(
        WaitingSends line, OutgoingMessage message, SendOptions options, Func<SessionId?, SendTarget> find, TimeProvider time, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        bool isPatient = options.AcceptWithin == Timeout.InfiniteTimeSpan;
        TaskCompletionSource? turn = null;
        Task? before = null;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                AcceptResult result = AcceptResult.Full;
                SendTarget target = find(options.Session);
                if (target.IsOver) { break; }
                bool isTurn = turn is null ? !line.IsAnyIn(options.Lane) : before is null or { IsCompleted: true };
                if (isTurn && TryAccept(target.Pump, in message, options, out result, out long id)) { return (target.Pump, id, default); }
                if (result == AcceptResult.TooLarge) { return (null, 0, SendOutcome.TooLarge); }
                if (turn is null)
                {
                    turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    before = line.Join(options.Lane, turn);
                    if (before is null && !isTurn) { continue; }
                }

                TimeSpan left = isPatient ? Timeout.InfiniteTimeSpan : options.AcceptWithin - time.GetElapsedTime(began);
                Task next = before is { IsCompleted: false } ? before : target.Changed;
                if ((isPatient || left > TimeSpan.Zero) && await EndsWithinAsync(next, left, time, cancellationToken).ConfigureAwait(false)) { continue; }
                if (result == AcceptResult.Full) { target.Pump?.WarnOfMutualWait(options.AcceptWithin); }
                break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What has not been taken over is NotSent, and nothing else.
        }
        finally
        {
            if (turn is not null) { line.Leave(options.Lane, turn, before); }
        }
        return (null, 0, SendOutcome.NotSent);
    }

    private static bool TryAccept(SessionPump? pump, in OutgoingMessage message, SendOptions options, out AcceptResult result, out long id)
    {
        id = 0;
        result = pump is null ? AcceptResult.NotConnected : pump.Accept(in message, out id);
        if (result == AcceptResult.Accepted) { options.Receipt?.Accepted(pump!, id); }
        return result == AcceptResult.Accepted;
    }

    private static async ValueTask<SendOutcome> OutcomeAsync(SessionPump pump, long id, Task<SendOutcome> outcome, SendOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        TimeSpan limit = options.CompleteWithin ?? (pump.IsInsideHandler ? s_insideHandlerLimit : Timeout.InfiniteTimeSpan);
        try
        {
            if (await EndsWithinAsync(outcome, limit, time, cancellationToken).ConfigureAwait(false)) { return await outcome.ConfigureAwait(false); }
        }
        catch (OperationCanceledException) when (pump.TryWithdraw(id))
        {
            return SendOutcome.NotSent;
        }
        pump.WarnOfMutualWait(limit);
        return pump.TryWithdraw(id) ? SendOutcome.NotSent : outcome.IsCompleted ? await outcome.ConfigureAwait(false) : SendOutcome.Unknown;
    }

    private static async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        try { await task.WaitAsync(limit, time, cancellationToken).ConfigureAwait(false); }
        catch (TimeoutException) { return task.IsCompleted; }      // It may have completed since: then the caller looks again.
        return true;
    }
}
