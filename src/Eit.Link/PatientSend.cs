using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>Sends that wait: for a transport, for room, for the outcome. The same at both ends.</summary>
public static class PatientSend
{
    private static readonly TimeSpan s_insideHandlerLimit = TimeSpan.FromSeconds(60);

    /// <summary>Sends a message and waits as its options say. Where there is nothing to wait for, nothing is allocated.</summary>
    /// <param name="likely">The pump that most likely takes it at once; null to ask <paramref name="find"/> first.</param>
    /// <param name="message">The message.</param>
    /// <param name="options">How.</param>
    /// <param name="find">Says where it goes now, given the only session that it may go to, or null for any; takes the gate itself.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Takes the message back: it is <see cref="SendOutcome.NotSent"/> if nothing of it has left, else only the wait ends.</param>
    /// <exception cref="ArgumentException">The message is larger than the peer takes, or not well-formed Unicode.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled after the message had begun to leave.</exception>
    public static ValueTask<SendOutcome> SendAsync(
        SessionPump? likely, in OutgoingMessage message, SendOptions options, Func<SessionId?, SendTarget> find, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(time);
        bool isSimple = options is { CompleteWhen: CompleteWhen.Accepted, Session: null, Receipt: null };
        if (isSimple && likely is not null && !cancellationToken.IsCancellationRequested)
        {
            AcceptResult result = likely.Accept(Prepare(in message, options), out _);
            ThrowIfTooLarge(result);
            if (result == AcceptResult.Accepted) { return new ValueTask<SendOutcome>(SendOutcome.Accepted); }
        }
        return WaitAsync(message, options, find, time, cancellationToken);
    }

    /// <summary>Gives a message what its options say.</summary>
    /// <param name="message">The message.</param>
    /// <param name="options">How it is sent.</param>
    public static OutgoingMessage Prepare(in OutgoingMessage message, SendOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return message with { Lane = options.Lane, Kind = options.Kind, CompleteWhen = options.CompleteWhen, ExpiresAfter = options.ExpiresAfter, Key = options.Key, Stays = options.Stays };
    }

    /// <summary>Makes the caller's mistake an exception.</summary>
    /// <param name="message">What the session said of the message.</param>
    /// <exception cref="ArgumentException">The message is larger than the peer takes.</exception>
    public static void ThrowIfTooLarge(AcceptResult message)
    {
        if (message == AcceptResult.TooLarge) { throw new ArgumentException("The message is larger than the peer takes.", nameof(message)); }
    }

    private static async ValueTask<SendOutcome> WaitAsync(OutgoingMessage message, SendOptions options, Func<SessionId?, SendTarget> find, TimeProvider time, CancellationToken cancellationToken)
    {
        var waiting = options.CompleteWhen == CompleteWhen.Accepted ? null : new TaskCompletionSource<SendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        message = Prepare(in message, options) with { Token = waiting ?? options.Receipt?.Source, MayWait = true };
        long began = time.GetTimestamp();
        while (true)
        {
            SendTarget target = find(options.Session);
            if (target.IsOver || cancellationToken.IsCancellationRequested) { return SendOutcome.NotSent; }
            long id = 0;
            AcceptResult result = target.Pump is null ? AcceptResult.NotConnected : target.Pump.Accept(in message, out id);
            ThrowIfTooLarge(result);
            if (result == AcceptResult.Accepted) { options.Receipt?.Accepted(target.Pump!, id); }
            if (result == AcceptResult.Accepted) { return waiting is null ? SendOutcome.Accepted : await OutcomeAsync(target.Pump!, id, waiting.Task, options, time, cancellationToken).ConfigureAwait(false); }

            bool isPatient = options.AcceptWithin == Timeout.InfiniteTimeSpan;
            TimeSpan left = isPatient ? Timeout.InfiniteTimeSpan : options.AcceptWithin - time.GetElapsedTime(began);
            try
            {
                if ((isPatient || left > TimeSpan.Zero) && await EndsWithinAsync(target.Changed, left, time, cancellationToken).ConfigureAwait(false)) { continue; }
            }
            catch (OperationCanceledException)
            {
                return SendOutcome.NotSent;
            }
            if (result == AcceptResult.Full) { target.Pump!.WarnOfMutualWait(options.AcceptWithin); }
            return SendOutcome.NotSent;
        }
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
        catch (TimeoutException) when (!task.IsCompleted) { return false; }
        return true;
    }
}
