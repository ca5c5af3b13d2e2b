using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Simulation.Exhaustive;

/// <summary>Gives every packet, hello and event of a world a number, the same for the same content.</summary>
internal sealed class Vocabulary
{
    /// <summary>The packet that stands for the loss of a transport.</summary>
    internal const int Lost = 0;

    private readonly Dictionary<string, int> _packetNumbers = new(StringComparer.Ordinal);
    private readonly List<SimLink.Packet> _packets = [];
    private readonly Dictionary<string, int> _helloNumbers = new(StringComparer.Ordinal);
    private readonly List<string> _hellos = [];
    private readonly Dictionary<HistoryEvent, int> _eventNumbers = [];
    private readonly List<HistoryEvent> _events = [];

    internal Vocabulary() => NumberOf(new SimLink.Packet([], CloseCode.Lost));

    internal SimLink.Packet Packet(int number) => _packets[number];

    internal bool IsClose(int packet) => _packets[packet].Code is not null;

    internal Hello Hello(int number)
    {
        bool isValid = JsonFrameReader.TryReadHelloHeader(_hellos[number], out Hello? hello);
        return isValid ? hello! : throw new HistoryException("The hello of a client can't be read.");
    }

    internal HistoryEvent Event(int number) => _events[number];

    internal int NumberOf(SimLink.Packet packet)
    {
        string key = $"{packet.Code}|{Encoding.Latin1.GetString(packet.Message)}";
        if (_packetNumbers.TryGetValue(key, out int number)) { return number; }
        _packets.Add(packet);
        _packetNumbers.Add(key, _packets.Count - 1);
        return _packets.Count - 1;
    }

    internal int NumberOf(Hello hello)
    {
        var writer = new JsonFrameWriter();
        writer.Begin();
        writer.WriteHello(hello);
        string header = System.Buffers.Text.Base64Url.EncodeToString(writer.End().Span);
        writer.Release();
        if (_helloNumbers.TryGetValue(header, out int number)) { return number; }
        _hellos.Add(header);
        _helloNumbers.Add(header, _hellos.Count - 1);
        return _hellos.Count - 1;
    }

    internal int NumberOf(HistoryEvent what)
    {
        if (_eventNumbers.TryGetValue(what, out int number)) { return number; }
        _events.Add(what);
        _eventNumbers.Add(what, _events.Count - 1);
        return _events.Count - 1;
    }
}
