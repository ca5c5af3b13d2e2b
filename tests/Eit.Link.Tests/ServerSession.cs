using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Link.Tests;

/// <summary>The machine of a session at a server, its client's hello just taken.</summary>
internal static class ServerSession
{
    internal static SessionMachine Begin(long epoch, Instant now, SessionSettings? settings = null)
    {
        var hello = new Hello
        {
            Instance = new InstanceId(1),
            Epoch = epoch,
            Want = HelloWant.New,
            Timeout = TimeSpan.FromSeconds(5),
            MessageBytesMax = 1024,
            Credit = new Credit(16, 1024),
        };
        var terms = new TransportTerms(TimeSpan.FromSeconds(5), Spread: TimeSpan.Zero, Expires: null);
        return SessionMachine.Accept(new SessionId(1), new byte[32], hello, terms, refusal: null, settings ?? new SessionSettings(), new SeededJitter(1), now);
    }
}
