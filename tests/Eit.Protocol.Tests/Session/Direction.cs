using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>One direction of a transport. Remembers everything that was written to it.</summary>
internal sealed class Direction(World world, Transport transport, Action<Packet> deliver)
{
    private readonly Queue<(long Order, Packet Packet)> _onTheWay = new();
    private readonly JsonFrameWriter _writer = new();

    internal Transport Transport => transport;

    /// <summary>Every WebSocket message that was written, delivered or not.</summary>
    internal List<Packet> Messages { get; } = [];

    /// <summary>Every frame that was written, delivered or not.</summary>
    internal IEnumerable<Frame> Frames => Messages.SelectMany(static message => message.Frames);

    /// <summary>The WebSocket close that was written; null while there is none.</summary>
    internal CloseCode? Close { get; private set; }

    /// <summary>Whether nothing that is written from now on can arrive.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Whether nothing arrives for now.</summary>
    internal bool IsFrozen { get; set; }

    internal bool HasNext => !IsFrozen && _onTheWay.Count > 0;

    internal long NextOrder => _onTheWay.Peek().Order;

    internal IEnumerable<Frame> Of(FrameType type) => Frames.Where(frame => frame.Type == type);

    internal Ack LastAck => (Ack)Of(FrameType.Ack).Last().Body!;

    /// <summary>The payloads of all data frames, as text.</summary>
    internal IEnumerable<string> Texts => Of(FrameType.Data).Select(static frame => Encoding.UTF8.GetString(frame.Payload.Span));

    /// <summary>The numbers of all data frames.</summary>
    internal IEnumerable<long> Numbers => Of(FrameType.Data).Select(static frame => frame.Number);

    internal void Write(Hello hello)
    {
        _writer.Begin();
        _writer.WriteHello(hello);
        Write(_writer.End().ToArray());
    }

    internal void Write(byte[] message)
    {
        var packet = new Packet(message, code: null);
        Messages.Add(packet);
        Send(packet);
    }

    /// <summary>Writes what no honest end would.</summary>
    internal void Inject(string json) => Write(Encoding.UTF8.GetBytes(json));

    internal void WriteClose(CloseCode code)
    {
        Close ??= code;
        Send(new Packet([], code));
        IsOver = true;
    }

    internal void DeliverNext() => deliver(_onTheWay.Dequeue().Packet);

    /// <summary>Loses what is on the way; with a code, the reader notices.</summary>
    internal void EndWith(CloseCode? code)
    {
        _onTheWay.Clear();
        IsFrozen = false;
        if (code is { } noticed && !IsOver) { Send(new Packet([], noticed)); }
        IsOver = true;
    }

    private void Send(Packet packet)
    {
        if (!IsOver) { _onTheWay.Enqueue((world.NextOrder(), packet)); }
    }
}
