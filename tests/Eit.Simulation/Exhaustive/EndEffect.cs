namespace Eit.Simulation.Exhaustive;

/// <summary>What an end did about an input.</summary>
internal sealed class EndEffect
{
    /// <summary>The state that it is in now.</summary>
    internal int Next { get; init; }

    /// <summary>What it sent: transport and packet.</summary>
    internal required (int Epoch, int Packet)[] Packets { get; init; }

    /// <summary>The dials that it began: epoch and hello.</summary>
    internal required (int Epoch, int Hello)[] Dials { get; init; }

    /// <summary>What the histories are to be told.</summary>
    internal required (int History, int Event)[] Events { get; init; }

    /// <summary>What went wrong; null if nothing did.</summary>
    internal string? Failure { get; init; }

    /// <summary>Whether it gave a close up that was not answered (C2.6).</summary>
    internal bool GaveUp { get; init; }

    internal string Describe() => $"sent {string.Join(' ', Packets)}, dialled {string.Join(' ', Dials)}, told {string.Join(' ', Events)} {Failure}";

    internal bool DoesTheSame(EndEffect other) =>
        Failure == other.Failure && Packets.AsSpan().SequenceEqual(other.Packets) && Dials.AsSpan().SequenceEqual(other.Dials) && Events.AsSpan().SequenceEqual(other.Events);
}
