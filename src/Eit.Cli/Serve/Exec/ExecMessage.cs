using System.Text;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;

namespace Eit.Cli.Serve.Exec;

/// <summary>A message from a command: a text, or bytes.</summary>
internal sealed record ExecMessage(string? Text, byte[]? Bytes)
{
    internal int Length => Text is { } text ? Encoding.UTF8.GetByteCount(text) : Bytes?.Length ?? 0;

    internal ValueTask<SendOutcome> SendAsync(EitSession to, SendOptions options) => Text is { } text ? to.SendAsync(text, options) : to.SendAsync(Bytes!, options);

    internal BroadcastResult Broadcast(EitSessions sessions, IEnumerable<EitSession> to) => Text is { } text ? sessions.Broadcast(text, to) : sessions.Broadcast(Bytes, to);
}
