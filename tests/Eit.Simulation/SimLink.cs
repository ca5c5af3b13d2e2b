using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>One transport: two queues of messages, each in order, that can be cut or stopped.</summary>
internal sealed class SimLink(SimClient client, SimServer server, long epoch)
{
    internal SimClient Client => client;

    internal SimServer Server => server;

    internal long Epoch => epoch;

    /// <summary>The client's and the server's end of the session that the link belongs to; null before welcome, or when the end has left it.</summary>
    internal SimSession? ClientEnd { get; set; }

    internal SimSession? ServerEnd { get; set; }

    /// <summary>Whether the client has refused the welcome that came on it.</summary>
    internal bool IsUnwanted { get; set; }

    internal Direction ToServer { get; } = new();

    internal Direction ToClient { get; } = new();

    internal Direction Towards(bool toServer) => toServer ? ToServer : ToClient;

    internal void Send(bool toServer, Packet packet) => Towards(toServer).Add(packet);

    internal void Close(bool toServer, CloseCode code) => Towards(toServer).Add(new Packet([], code));

    /// <summary>Cuts the link: in each direction some of what is on the way still arrives, then the loss is noticed.</summary>
    internal void Cut(int keepToServer, int keepToClient)
    {
        ToServer.Cut(keepToServer);
        ToClient.Cut(keepToClient);
    }

    internal sealed record Packet(byte[] Message, CloseCode? Code)
    {
        internal Instant SentAt { get; init; }
    }

    internal sealed class Direction
    {
        private readonly List<Packet> _packets = [];

        internal int Count => _packets.Count;

        internal bool IsOver { get; private set; }

        internal bool IsStopped { get; set; }

        internal void Add(Packet packet)
        {
            if (IsOver) { return; }
            _packets.Add(packet);
            IsOver = packet.Code is not null;
        }

        internal Packet Take()
        {
            Packet packet = _packets[0];
            _packets.RemoveAt(0);
            return packet;
        }

        internal void Cut(int keep)
        {
            if (keep < _packets.Count) { _packets.RemoveRange(keep, _packets.Count - keep); }
            if (_packets.Count == 0 || _packets[^1].Code is null) { _packets.Add(new Packet([], CloseCode.Lost)); }
            (IsOver, IsStopped) = (true, false);
        }

        internal long Digest()
        {
            long digest = IsStopped ? 1 : IsOver ? 2 : 3;
            foreach (Packet packet in _packets)
            {
                digest = (digest * 31) + (long)(packet.Code ?? 0);
                foreach (byte value in packet.Message) { digest = (digest * 1099511628211) + value; }
            }
            return digest;
        }
    }
}
