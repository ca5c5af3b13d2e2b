using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>One WebSocket message, or the end of the transport with its code.</summary>
internal sealed class Packet
{
    private readonly FrameBatch _batch = new();

    internal Packet(byte[] message, CloseCode? code)
    {
        (Message, Code) = (message, code);
        if (code is null) { Violation = new JsonFrameReader().Read(message, isText: true, _batch); }
    }

    internal byte[] Message { get; }

    internal CloseCode? Code { get; }

    /// <summary>What is wrong with the message; null as a rule.</summary>
    internal Violation? Violation { get; }

    internal IReadOnlyList<Frame> Frames => [.. Enumerable.Range(0, _batch.Count).Select(index => _batch[index])];
}
