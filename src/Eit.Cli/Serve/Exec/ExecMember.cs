using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;

namespace Eit.Cli.Serve.Exec;

/// <summary>A connection to an endpoint that a command serves, and what the command has sent to it that its outbox has no room for yet.</summary>
/// <param name="session">The connection.</param>
/// <param name="waitingBytesMax">How much may wait.</param>
/// <remarks>Messages are offered from one place. While some wait, the client's own messages do, too (<see cref="Drained"/>), so that a client that only takes slowly does not lose anything.</remarks>
internal sealed class ExecMember(EitSession session, int waitingBytesMax)
{
    private static readonly SendOptions s_now = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = TimeSpan.Zero };
    private static readonly SendOptions s_patient = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = Timeout.InfiniteTimeSpan };

    private readonly Lock _gate = new();
    private readonly Queue<ExecMessage> _waiting = new();
    private long _waitingBytes;
    private Task _sending = Task.CompletedTask;

    internal EitSession Session => session;

    /// <summary>Gets a task that ends when nothing waits any more.</summary>
    internal Task Drained
    {
        get
        {
            lock (_gate) { return _sending; }
        }
    }

    /// <summary>Sends a message, now or when those before it have left.</summary>
    /// <returns>False if too much waits already: the message is lost.</returns>
    internal async ValueTask<bool> OfferAsync(ExecMessage message)
    {
        if (Drained.IsCompleted && (await message.SendAsync(session, s_now) == SendOutcome.Accepted || session.IsClosing)) { return true; }
        return Wait(message);
    }

    /// <summary>Lets a message wait for room.</summary>
    /// <returns>False if too much waits already: the message is lost.</returns>
    internal bool Wait(ExecMessage message)
    {
        lock (_gate)
        {
            if (_waitingBytes > 0 && _waitingBytes + message.Length > waitingBytesMax) { return false; }
            _waiting.Enqueue(message);
            _waitingBytes += message.Length + 1;
            if (_sending.IsCompleted) { _sending = SendWaitingAsync(message); }
        }
        return true;
    }

    private async Task SendWaitingAsync(ExecMessage? next)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);   // Not under the gate.
        while (next is not null)
        {
            await next.SendAsync(session, s_patient);              // A client that takes no message as large misses it.
            lock (_gate)
            {
                _waitingBytes -= _waiting.Dequeue().Length + 1;
                if (!_waiting.TryPeek(out next)) { _sending = Task.CompletedTask; }
            }
        }
    }
}
