using Eit.Protocol.Wire;
using Eit.Server.Channels;

namespace Eit.Server.Tests.Channels;

/// <summary>A session without transports, whose events happen when a test says so. As with a real one, the next event has to wait for the task of the one before.</summary>
internal sealed class FakeMember(EitSession session, ChannelMember member)
{
    internal EitSession Session => session;

    internal Task ConnectAsync() => member.OnConnectedAsync(session).AsTask();

    internal Task SayAsync(string message) => member.OnMessageAsync(session, message).AsTask();

    internal Task LoseAsync() => member.OnOutageAsync(session, CloseCode.Lost, "cut").AsTask();

    internal Task ComeBackAsync() => member.OnResumedAsync(session, TimeSpan.FromSeconds(1)).AsTask();

    internal Task CloseAsync() => member.OnClosedAsync(session, new EitSessionEnd(CloseCode.Closed, "done", [])).AsTask();
}
