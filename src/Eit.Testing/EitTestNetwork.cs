using System.Net;
using Eit.Testing.Transport;

namespace Eit.Testing;

/// <summary>The network between some clients of an <see cref="EitTestWorld"/> and its server, and what is wrong with it.</summary>
/// <remarks>
/// <para>It carries bytes: real WebSockets run on it. A fault holds for all transports of this network, those that are open and those that come, until it is taken back. What a fault
/// leads to happens when the world's time is advanced, by zero too.</para>
/// <para>All members are safe from any thread, also from a handler and from <see cref="EitTestWorld.Schedule"/>.</para>
/// </remarks>
public sealed class EitTestNetwork
{
    private static readonly TimeSpan s_latencyMax = TimeSpan.FromMinutes(5);

    private readonly Random _chance;
    private Way _up = new();
    private Way _down = new();

    internal EitTestNetwork(EitTestWorld world, string name, ulong seed)
    {
        (World, Name) = (world, name);
        _chance = new Random((int)(seed ^ (seed >> 32)));
    }

    /// <summary>Gets what it is called in messages.</summary>
    public string Name { get; }

    /// <summary>Gets how many transports are open or being opened.</summary>
    public int TransportCount => World.QuietWatch.Connections().Count(connection => connection.Owner.Network == this);

    internal EitTestWorld World { get; }

    internal Lock Gate { get; } = new();

    internal bool RefusesConnections { get; private set; }

    internal HttpStatusCode? DialAnswer { get; private set; }

    /// <summary>Cuts the transports of this network, and the dials that are under way. The clients redial.</summary>
    /// <param name="way">How. Default: with a reset.</param>
    public void Cut(EitTestCut way = EitTestCut.Reset)
    {
        foreach (MemoryConnection connection in Connections()) { connection.Cut(way); }
    }

    /// <summary>Cuts each open transport when so many bytes more have been written on it, in the middle of a WebSocket frame perhaps: what has been written up to there still arrives.</summary>
    /// <param name="bytes">How many bytes get through; 0 or more.</param>
    /// <param name="direction">Which way they are counted; both: whichever is first.</param>
    public void CutAfter(long bytes, EitTestDirection direction = EitTestDirection.Both)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Require(direction);
        foreach (MemoryConnection connection in Connections()) { connection.CutAfter(direction, bytes); }
    }

    /// <summary>Makes a black hole of a direction: what is sent is accepted, up to the 256 KiB that the buffers on the way hold, and does not arrive; nobody hears of anything. What is on the way already arrives.</summary>
    /// <param name="direction">Which way. Default: both.</param>
    public void BlackHole(EitTestDirection direction = EitTestDirection.Both) => Change(direction, static way => way with { IsBlackHole = true });

    /// <summary>Ends a black hole: what it has held arrives, in order, as TCP would bring it.</summary>
    /// <param name="direction">Which way. Default: both.</param>
    public void EndBlackHole(EitTestDirection direction = EitTestDirection.Both)
    {
        Change(direction, static way => way with { IsBlackHole = false });
        IReadOnlyList<MemoryConnection> connections = Connections();
        lock (Gate)
        {
            foreach (MemoryConnection connection in connections) { connection.Release(direction); }
        }
    }

    /// <summary>Sets how long everything is on the way.</summary>
    /// <param name="latency">How long; 0 to 5 min. At first 0. A dial takes three times as long there and back, a redial 1 ms more.</param>
    /// <param name="jitter">By how much longer at most, drawn from the seed for each write; order is kept. Default 0; at most 5 min.</param>
    /// <param name="direction">Which way. Default: both.</param>
    public void SetLatency(TimeSpan latency, TimeSpan jitter = default, EitTestDirection direction = EitTestDirection.Both)
    {
        RequireLatency(latency, nameof(latency));
        RequireLatency(jitter, nameof(jitter));
        Change(direction, way => way with { Latency = latency, Jitter = jitter });
    }

    /// <summary>Sets how much gets through, of each transport by itself.</summary>
    /// <param name="bytesPerSecond">At least 1; null: as much as there is, as at first. WebSocket headers count.</param>
    /// <param name="direction">Which way. Default: both.</param>
    public void SetBandwidth(long? bytesPerSecond, EitTestDirection direction = EitTestDirection.Both)
    {
        if (bytesPerSecond is { } rate) { ArgumentOutOfRangeException.ThrowIfLessThan(rate, 1, nameof(bytesPerSecond)); }
        Change(direction, way => way with { BytesPerSecond = bytesPerSecond });
    }

    /// <summary>Lets no dial through from now on; transports that are open stay.</summary>
    /// <param name="answer">What is answered to the upgrade request, as a gateway would: 400 to 599. Default null: the connection is refused, as by a machine on which nobody listens.</param>
    public void RefuseDials(HttpStatusCode? answer = null)
    {
        if (answer is { } status)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan((int)status, 400, nameof(answer));
            ArgumentOutOfRangeException.ThrowIfGreaterThan((int)status, 599, nameof(answer));
        }
        (RefusesConnections, DialAnswer) = (answer is null, answer);
    }

    /// <summary>Lets dials through again.</summary>
    public void AcceptDials() => (RefusesConnections, DialAnswer) = (false, null);

    internal bool IsBlackHole(EitTestDirection direction) => WayOf(direction).IsBlackHole;

    /// <summary>How long the line is occupied by so many bytes. Called under the gate.</summary>
    internal TimeSpan TransmissionOf(EitTestDirection direction, int bytes) =>
        WayOf(direction).BytesPerSecond is { } rate ? TimeSpan.FromSeconds((double)bytes / rate) : TimeSpan.Zero;

    /// <summary>How long the next write is on the way. Called under the gate.</summary>
    internal TimeSpan DrawLatency(EitTestDirection direction)
    {
        Way way = WayOf(direction);
        return way.Jitter == TimeSpan.Zero ? way.Latency : way.Latency + (way.Jitter * _chance.NextDouble());
    }

    private Way WayOf(EitTestDirection direction) => direction == EitTestDirection.Up ? _up : _down;

    private void Change(EitTestDirection direction, Func<Way, Way> change)
    {
        Require(direction);
        lock (Gate)
        {
            if (direction != EitTestDirection.Down) { _up = change(_up); }
            if (direction != EitTestDirection.Up) { _down = change(_down); }
        }
    }

    private IReadOnlyList<MemoryConnection> Connections() => [.. World.QuietWatch.Connections().Where(connection => connection.Owner.Network == this)];

    private static void Require(EitTestDirection direction)
    {
        if (!Enum.IsDefined(direction)) { throw new ArgumentOutOfRangeException(nameof(direction), direction, "It must be Both, Up or Down."); }
    }

    private static void RequireLatency(TimeSpan latency, string name)
    {
        if (latency < TimeSpan.Zero || latency > s_latencyMax) { throw new ArgumentOutOfRangeException(name, latency, "It must be 0 to 5 min."); }
    }

    private sealed record Way
    {
        internal bool IsBlackHole { get; init; }

        internal TimeSpan Latency { get; init; }

        internal TimeSpan Jitter { get; init; }

        internal long? BytesPerSecond { get; init; }
    }
}
