namespace Eit.Simulation.Exhaustive;

/// <summary>A state of a whole world: both ends, what is on the way between them, what has been promised and kept, what may still happen.</summary>
internal sealed class WorldState
{
    private const int HistoriesMax = 24;
    private const int DialsMax = 6;
    private const int LinksMax = 6;

    internal int Client { get; set; }

    internal int Server { get; set; }

    internal byte[] Left { get; } = new byte[(int)Budget.Count];

    internal int[] Histories { get; } = new int[HistoriesMax];

    internal int DialCount { get; private set; }

    internal PendingDial[] Dials { get; } = new PendingDial[DialsMax];

    internal int LinkCount { get; private set; }

    internal LinkState[] Links { get; } = new LinkState[LinksMax];

    internal void CopyFrom(WorldState other)
    {
        (Client, Server, DialCount, LinkCount) = (other.Client, other.Server, other.DialCount, other.LinkCount);
        other.Left.CopyTo(Left, 0);
        other.Histories.CopyTo(Histories, 0);
        other.Dials.AsSpan(0, DialCount).CopyTo(Dials);
        other.Links.AsSpan(0, LinkCount).CopyTo(Links);
    }

    internal int FindLink(int epoch)
    {
        for (int i = 0; i < LinkCount; i++)
        {
            if (Links[i].Epoch == epoch) { return i; }
        }
        return -1;
    }

    internal int FindDial(int epoch)
    {
        for (int i = 0; i < DialCount; i++)
        {
            if (Dials[i].Epoch == epoch) { return i; }
        }
        return -1;
    }

    internal void AddDial(PendingDial dial) => Dials[DialCount++] = dial;

    internal void RemoveDial(int index) => Dials.AsSpan((index + 1)..DialCount--).CopyTo(Dials.AsSpan(index));

    /// <summary>Adds a link; they stand in the order of their epochs, whatever order they came in.</summary>
    internal ref LinkState AddLink(int epoch)
    {
        int index = LinkCount++;
        for (; index > 0 && Links[index - 1].Epoch > epoch; index--) { Links[index] = Links[index - 1]; }
        Links[index] = new LinkState { Epoch = epoch };
        return ref Links[index];
    }

    internal void RemoveGoneLinks()
    {
        int kept = 0;
        for (int i = 0; i < LinkCount; i++)
        {
            if (Links[i].IsGone) { continue; }
            if (kept != i) { Links[kept] = Links[i]; }
            kept++;
        }
        LinkCount = kept;
    }

    /// <summary>Writes the state so that two are alike if, and only if, their bytes are.</summary>
    internal int Encode(Span<byte> bytes)
    {
        int at = 0;
        Put(bytes, ref at, Client);
        Put(bytes, ref at, Server);
        foreach (byte left in Left) { bytes[at++] = left; }
        foreach (int history in Histories) { Put(bytes, ref at, history); }
        bytes[at++] = (byte)DialCount;
        foreach (ref readonly PendingDial dial in Dials.AsSpan(0, DialCount))
        {
            Put(bytes, ref at, dial.Epoch);
            Put(bytes, ref at, (dial.Hello * 2) + (dial.IsGivenUp ? 1 : 0));
        }
        bytes[at++] = (byte)LinkCount;
        foreach (ref readonly LinkState link in Links.AsSpan(0, LinkCount))
        {
            Put(bytes, ref at, (link.Epoch * 2) + (link.IsHeard ? 1 : 0));
            Put(bytes, ref at, in link.ToServer);
            Put(bytes, ref at, in link.ToClient);
        }
        return at;
    }

    internal void Decode(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        Client = Get(bytes, ref at);
        Server = Get(bytes, ref at);
        for (int i = 0; i < Left.Length; i++) { Left[i] = bytes[at++]; }
        for (int i = 0; i < HistoriesMax; i++) { Histories[i] = Get(bytes, ref at); }
        DialCount = bytes[at++];
        for (int i = 0; i < DialCount; i++)
        {
            int epoch = Get(bytes, ref at);
            int hello = Get(bytes, ref at);
            Dials[i] = new PendingDial(epoch, hello / 2, hello % 2 == 1);
        }
        LinkCount = bytes[at++];
        for (int i = 0; i < LinkCount; i++)
        {
            int epoch = Get(bytes, ref at);
            Links[i] = new LinkState { Epoch = epoch / 2, IsHeard = epoch % 2 == 1 };
            Get(bytes, ref at, ref Links[i].ToServer);
            Get(bytes, ref at, ref Links[i].ToClient);
        }
    }

    private static void Put(Span<byte> bytes, ref int at, in DirectionState direction)
    {
        bytes[at++] = (byte)((direction.IsOver ? 1 : 0) | (direction.IsCut ? 2 : 0) | (direction.IsStopped ? 4 : 0) | (direction.IsDone ? 8 : 0) | (direction.Count << 4));
        for (int i = 0; i < direction.Count; i++) { Put(bytes, ref at, direction[i]); }
    }

    private static void Get(ReadOnlySpan<byte> bytes, ref int at, ref DirectionState direction)
    {
        byte head = bytes[at++];
        if ((head & 8) != 0) { direction.Finish(); }
        else { (direction.IsOver, direction.IsCut, direction.IsStopped) = ((head & 1) != 0, (head & 2) != 0, (head & 4) != 0); }
        for (int i = head >> 4; i > 0; i--) { direction.Add(Get(bytes, ref at)); }
    }

    private static void Put(Span<byte> bytes, ref int at, int number)
    {
        uint rest = (uint)number;
        for (; rest >= 128; rest >>= 7) { bytes[at++] = (byte)(rest | 128); }
        bytes[at++] = (byte)rest;
    }

    private static int Get(ReadOnlySpan<byte> bytes, ref int at)
    {
        int number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = bytes[at++];
            number |= (part & 127) << shift;
            if (part < 128) { return number; }
        }
    }
}
