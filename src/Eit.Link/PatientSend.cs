using Eit.Protocol.Session;

namespace Eit.Link;

/// <summary>Sends that wait: for a transport, for room, for the outcome. The same at both ends.</summary>
public static class PatientSend
{
    /// <summary>Sends a message and waits as its options say.</summary>
    /// <param name="message">The message.</param>
    /// <param name="options">How.</param>
    /// <param name="find">Says where it goes now; takes the gate itself.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait; a message that was taken over is sent all the same.</param>
    /// <exception cref="ArgumentException">The message is larger than the peer takes, or not well-formed Unicode.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<SendOutcome> SendAsync(OutgoingMessage message, SendOptions options, Func<SendTarget> find, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(time);
        var waiting = options.CompleteWhen == CompleteWhen.Accepted ? null : new TaskCompletionSource<SendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        message = message with { Lane = options.Lane, Kind = options.Kind, CompleteWhen = options.CompleteWhen, Token = waiting, MayWait = true };
        long began = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            SendTarget target = find();
            if (target.IsOver) { return SendOutcome.NotSent; }
            AcceptResult result = target.Pump is null ? AcceptResult.NotConnected : target.Pump.Accept(in message, out _);
            ThrowIfTooLarge(result);
            if (result == AcceptResult.Accepted) { return waiting is null ? SendOutcome.Accepted : await waiting.Task.WaitAsync(cancellationToken).ConfigureAwait(false); }

            TimeSpan left = options.AcceptWithin - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero) { return SendOutcome.NotSent; }
            try { await target.Changed.WaitAsync(left, time, cancellationToken).ConfigureAwait(false); }
            catch (TimeoutException) { return SendOutcome.NotSent; }
        }
    }

    /// <summary>Makes the caller's mistake an exception.</summary>
    /// <param name="result">What the session said.</param>
    /// <exception cref="ArgumentException">The message is larger than the peer takes.</exception>
    public static void ThrowIfTooLarge(AcceptResult result)
    {
        if (result == AcceptResult.TooLarge) { throw new ArgumentException("The message is larger than the peer takes.", nameof(result)); }
    }
}
