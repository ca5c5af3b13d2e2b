using System.Net.Sockets;
using System.Text;

namespace Eit.Cli.Serve;

/// <summary>Tells who has started the server how it is, where that wants to know: systemd's protocol of readiness, which <c>--daemon</c> speaks, too.</summary>
internal static class ServiceManager
{
    internal const string Variable = "NOTIFY_SOCKET";
    internal const string Ready = "READY=1";
    internal const string StatusPrefix = "STATUS=";

    internal static void TellReady(string status) => Tell($"{Ready}\n{StatusPrefix}{status}");

    internal static void TellStopping() => Tell("STOPPING=1");

    internal static void TellFailure(string why) => Tell($"{StatusPrefix}{why}");

    private static void Tell(string what)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } place) { return; }
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try { socket.SendTo(Encoding.UTF8.GetBytes(what), new UnixDomainSocketEndPoint(place[0] == '@' ? $"\0{place[1..]}" : place)); }
        catch (SocketException)
        {
            // Nobody listens any more: who started it has gone on to other things.
        }
    }
}
