using System.Collections.Concurrent;
using Eit.Protocol.Wire;
using Eit.Server;

namespace Eit.EndToEnd.Tests;

/// <summary>A handler that tells what it is called for; registered as one for all sessions, unless each session is to have its own.</summary>
internal sealed class Recorder : EitHandler
{
    /// <summary>connected, outage and its code, resumed, closed and its code; messages as they are.</summary>
    internal Happenings<string> Calls { get; } = new();

    /// <summary>The sessions, as they connect.</summary>
    internal Happenings<EitSession> Sessions { get; } = new();

    internal Happenings<EitSessionEnd> Ends { get; } = new();

    internal ConcurrentQueue<byte[]> Bytes { get; } = new();

    /// <summary>What a message leads to.</summary>
    internal Func<EitSession, string, ValueTask> Answer { get; set; } = static (_, _) => default;

    public override ValueTask OnConnectedAsync(EitSession session)
    {
        Sessions.Add(session);
        Calls.Add("connected");
        return default;
    }

    public override ValueTask OnMessageAsync(EitSession session, string message)
    {
        Calls.Add(message);
        return Answer(session, message);
    }

    public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
    {
        Bytes.Enqueue(message.ToArray());
        Calls.Add($"{message.Length} bytes");
        return default;
    }

    public override ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason)
    {
        Calls.Add($"outage {code}");
        return default;
    }

    public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage)
    {
        Calls.Add("resumed");
        return default;
    }

    public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        Ends.Add(end);
        Calls.Add($"closed {end.Code}");
        return default;
    }
}
