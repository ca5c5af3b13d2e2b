using Eit.Server;

namespace Eit.Cli.Serve.Exec;

/// <summary>Hands what happens to a connection to the command of its endpoint. A message counts as processed when the command has it in its input.</summary>
internal sealed class ExecHandler(ExecEndpoint endpoint, ServeCounters counters) : EitHandler
{
    private ExecMember? _member;

    public override async ValueTask OnConnectedAsync(EitSession session) => _member = await endpoint.JoinAsync(session);

    public override ValueTask OnMessageAsync(EitSession session, string message) => TellAsync(ExecEvent.Message(session, message));

    public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) => TellAsync(ExecEvent.Message(session, message));

    public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end) => endpoint.LeaveAsync(session, end);

    private async ValueTask TellAsync(ReadOnlyMemory<byte> line)
    {
        if (_member is null) { return; }
        await _member.Drained;
        await endpoint.TellAsync(line);
        counters.MessageReceived();
    }
}
