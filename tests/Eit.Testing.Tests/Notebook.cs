using System.Collections.Concurrent;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.Testing.Tests;

/// <summary>A server's handler that notes what it is called for: one for all sessions.</summary>
internal sealed class Notebook : EitHandler
{
    /// <summary>connected, outage, resumed, slow, closed and its code; messages as they are.</summary>
    internal ConcurrentQueue<string> Notes { get; } = new();

    internal Func<EitSession, string, ValueTask> Answer { get; set; } = static (_, _) => default;

    internal Action<EitSession, EitSessionEnd> Ended { get; set; } = static (_, _) => { };

    public override ValueTask OnConnectedAsync(EitSession session) => Note("connected");

    public override ValueTask OnMessageAsync(EitSession session, string message)
    {
        Notes.Enqueue(message);
        return Answer(session, message);
    }

    public override ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason) => Note("outage");

    public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage) => Note("resumed");

    public override ValueTask OnSlowConsumerAsync(EitSession session, EitSlowConsumer backlog) => Note("slow");

    public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        Ended(session, end);
        return Note($"closed {end.Code}");
    }

    private ValueTask Note(string note)
    {
        Notes.Enqueue(note);
        return default;
    }
}
