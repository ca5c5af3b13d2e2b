using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>What a session tells its driver, to be done or to be passed on, in order.</summary>
public abstract record SessionOutput
{
    private SessionOutput() { }

    /// <summary>The state has changed.</summary>
    /// <param name="Previous">The state before.</param>
    /// <param name="Current">The state now.</param>
    public sealed record StateChanged(SessionState Previous, SessionState Current) : SessionOutput;

    /// <summary>The client has confirmed the session: from now on it exists for the application (S2.2).</summary>
    public sealed record Confirmed : SessionOutput;

    /// <summary>Close a transport, with a WebSocket close where it can still carry one; it means nothing to the session any more.</summary>
    /// <param name="Epoch">Which.</param>
    /// <param name="Code">The code.</param>
    /// <param name="Reason">The reason.</param>
    public sealed record CloseTransport(long Epoch, CloseCode Code, string Reason) : SessionOutput;

    /// <summary>The last transport was lost; the session waits.</summary>
    /// <param name="Epoch">The epoch of the transport.</param>
    /// <param name="Code">Why.</param>
    /// <param name="Reason">In words.</param>
    public sealed record OutageBegan(long Epoch, CloseCode Code, string Reason) : SessionOutput;

    /// <summary>A new transport has ended an outage.</summary>
    /// <param name="Epoch">Its epoch.</param>
    /// <param name="Outage">How long there was none.</param>
    /// <param name="Replayed">How many pieces are sent again.</param>
    public sealed record Resumed(long Epoch, TimeSpan Outage, long Replayed) : SessionOutput;

    /// <summary>A hand-over is complete.</summary>
    /// <param name="Epoch">The epoch of the transport that now carries the session.</param>
    /// <param name="Took">The time from this end's switch to the end.</param>
    public sealed record HandedOver(long Epoch, TimeSpan Took) : SessionOutput;

    /// <summary>A hand-over has changed nothing: its new transport is lost, and both ends have taken the old one back (H1.7).</summary>
    /// <param name="Epoch">The epoch of the transport that goes on carrying the session.</param>
    public sealed record TakenBack(long Epoch) : SessionOutput;

    /// <summary>The peer has answered a resend: another hand-over may begin, and what waited for that is due again.</summary>
    /// <param name="Epoch">The epoch of the transport.</param>
    public sealed record ResendAnswered(long Epoch) : SessionOutput;

    /// <summary>The server asks for a cycle.</summary>
    /// <param name="Request">What it says.</param>
    public sealed record CycleAsked(CycleRequest Request) : SessionOutput;

    /// <summary>The server has changed its terms.</summary>
    /// <param name="Terms">What it says.</param>
    public sealed record TermsChanged(Terms Terms) : SessionOutput;

    /// <summary>Messages have waited too long for a peer that is there: once for each backlog.</summary>
    /// <param name="Messages">How many wait to leave.</param>
    /// <param name="Bytes">How long their payloads are together.</param>
    /// <param name="Oldest">How long the oldest has waited.</param>
    public sealed record ConsumerSlow(int Messages, long Bytes, TimeSpan Oldest) : SessionOutput;

    /// <summary>The peer closes the session.</summary>
    /// <param name="Notice">What it says.</param>
    public sealed record PeerCloses(CloseNotice Notice) : SessionOutput;

    /// <summary>The session is over.</summary>
    /// <param name="Code">Why.</param>
    /// <param name="Reason">In words.</param>
    /// <param name="Violation">What the peer did against the protocol; null if it did not.</param>
    /// <param name="Unfinished">The messages that were accepted and are not known to be processed, in the order of their ids.</param>
    public sealed record Ended(CloseCode Code, string Reason, Violation? Violation, IReadOnlyList<MessageOutcome> Unfinished) : SessionOutput;
}
