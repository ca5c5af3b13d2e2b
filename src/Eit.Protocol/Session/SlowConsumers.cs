namespace Eit.Protocol.Session;

/// <summary>What an end does about a peer whose handler is so slow that messages wait too long to leave.</summary>
public enum SlowConsumers
{
    /// <summary>It waits: senders meet a full outbox.</summary>
    Wait,

    /// <summary>It closes the transport (<c>slow-consumer</c>); the peer may resume. The third time without a message processed in between, the session is over (<c>too-slow</c>).</summary>
    Disconnect,
}
