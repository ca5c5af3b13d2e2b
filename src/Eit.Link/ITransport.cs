using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>One connection that carries whole messages: a WebSocket, or a stand-in for one.</summary>
/// <remarks>
/// <para>One receive and one send may be under way at a time, each on any thread; <see cref="CloseAsync"/> and <see cref="Abort"/> may be called beside
/// both. Each returned task is awaited once and then forgotten: its object is used again.</para>
/// <para>A loss is a <see cref="TransportException"/> and nothing else. A send that succeeds proves nothing about the peer; a loss shows at the receive,
/// so keep one pending.</para>
/// <para>Cancelling a receive or a send loses the transport, as half a frame may be on the wire. A token that can be cancelled also costs allocations:
/// on the hot path pass <see cref="CancellationToken.None"/> and end the transport with <see cref="Abort"/>.</para>
/// </remarks>
public interface ITransport : IAsyncDisposable
{
    /// <summary>Gets the subprotocol that both ends agreed on; empty if none.</summary>
    string Subprotocol { get; }

    /// <summary>Receives a message, or as much of it as the buffer and the transport yield, or the peer's close.</summary>
    /// <param name="buffer">Where the bytes go; the transport's until the task completes. With no room it waits until something can be read and takes
    /// nothing, except an empty message: that one is reported with <see cref="TransportReceive.EndsMessage"/>, and is then taken.</param>
    /// <param name="cancellationToken">Gives up the receive and with it the transport.</param>
    /// <exception cref="TransportException">The transport is lost, closed or disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <remarks>When the peer's close comes it is answered, if this end has not closed already; after it there is nothing to receive.</remarks>
    ValueTask<TransportReceive> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends one whole message, after those sent before.</summary>
    /// <param name="message">Any number of bytes; the transport's until the task completes.</param>
    /// <param name="isText">Whether the bytes are UTF-8 text; the caller vouches for it.</param>
    /// <param name="cancellationToken">Gives up the send and with it the transport.</param>
    /// <returns>Completes when the transport has taken the message, which may be long before the peer has it, and waits while the path is full.</returns>
    /// <exception cref="TransportException">The transport is lost, closed by this end or disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isText, CancellationToken cancellationToken);

    /// <summary>Sends a part of a message, which leaves by itself: the other end gets it when it has come, and not first at the end of the message.</summary>
    /// <param name="fragment">Any number of bytes; the transport's until the task completes.</param>
    /// <param name="isText">Whether the message is UTF-8 text, the same for all its parts; a part may end anywhere in it.</param>
    /// <param name="endsMessage">Whether it is the last part. Nothing else may be sent, but a close, until that has left.</param>
    /// <param name="cancellationToken">Gives up the send and with it the transport.</param>
    /// <returns>Completes as that of <see cref="SendAsync"/> does.</returns>
    /// <exception cref="TransportException">The transport is lost, closed by this end or disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isText, bool endsMessage, CancellationToken cancellationToken);

    /// <summary>Sends a close, after what was sent before, and does not wait for the peer's: a pending receive goes on until that comes.</summary>
    /// <param name="code">1000 to 1003, 1007 to 1014 or 3000 to 4999.</param>
    /// <param name="reason">Any text; sent as printable ASCII of at most <see cref="CloseCodes.ReasonCharsMax"/> characters.</param>
    /// <param name="cancellationToken">Gives up the close and with it the transport.</param>
    /// <returns>Completes when the close has left, or can't leave any more. Behind a stalled send it waits: bound it by a token or by
    /// <see cref="Abort"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A code that may not be sent.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <remarks>A second call, and a call on a transport that is lost, does nothing.</remarks>
    ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken);

    /// <summary>Ends the transport at once and without a close; what is pending ends with a <see cref="TransportException"/>.</summary>
    /// <remarks>May be called at any time, from any thread, any number of times. Never throws.</remarks>
    void Abort();
}
