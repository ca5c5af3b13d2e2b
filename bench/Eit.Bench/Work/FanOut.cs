using System.Collections.Concurrent;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.AspNetCore.SignalR;

namespace Eit.Bench;

/// <summary>Sends one message to all clients of a stack, as an application of the stack would.</summary>
internal abstract class FanOut
{
    /// <summary>Sends to all.</summary>
    /// <returns>Completes when the next message may be sent.</returns>
    internal abstract ValueTask SendAsync(Message message);

    /// <summary>Bare WebSockets: all sends are started, then the slow ones are waited for.</summary>
    internal sealed class Raw(ConcurrentDictionary<ILine, bool> lines) : FanOut
    {
        internal override async ValueTask SendAsync(Message message)
        {
            List<Task> slow = [];
            foreach ((ILine line, _) in lines)
            {
                ValueTask send = line.SendAsync(message);
                if (!send.IsCompletedSuccessfully) { slow.Add(send.AsTask()); }
            }
            await Task.WhenAll(slow);
        }
    }

    /// <summary>SignalR: all clients of the hub.</summary>
    internal sealed class SignalR<T>(IHubContext<T> context) : FanOut
        where T : Hub
    {
        internal override ValueTask SendAsync(Message message) => new(context.Clients.All.SendAsync(SignalRHub.Method, message.Text));
    }

    /// <summary>Eit: a broadcast, and a wait for room at those whose outbox is full.</summary>
    internal sealed class Eit(EitSessions sessions, bool isText, bool waits) : FanOut
    {
        private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

        internal override async ValueTask SendAsync(Message message)
        {
            BroadcastResult result = isText ? sessions.Broadcast(message.Text) : sessions.Broadcast(message.Bytes);
            if (!waits) { return; }
            foreach (EitSession session in result.Refused)
            {
                if (isText) { await session.SendAsync(message.Text, s_accepted); }
                else { await session.SendAsync(message.Bytes, s_accepted); }
            }
        }
    }
}
