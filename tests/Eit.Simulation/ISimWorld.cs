using Eit.Backoff;
using Eit.Protocol.Session;

namespace Eit.Simulation;

/// <summary>What decides when things happen: chance, or an exploration of all that can.</summary>
internal interface ISimWorld
{
    Instant Now { get; }

    IJitter Jitter { get; }

    Canary Canary { get; }

    UInt128 MintId();

    History HistoryOf(string session, bool fromClient);

    /// <summary>Whether the line takes another message now.</summary>
    bool MayWrite(SimLink link);

    /// <summary>Something waits in a direction of a link.</summary>
    void Sent(SimLink link, bool toServer);

    void Dialled(SimClient client, DialRequest request);

    /// <summary>A handler has begun; the world calls <see cref="SimSession.HandlerFinished"/> when it is done.</summary>
    void HandlerBegan(SimSession session);

    void Saw(SessionOutput output, bool atClient);

    void SawInput(SessionState state, TransportRole? role, Eit.Protocol.Wire.FrameType type, bool atClient);
}
