namespace Eit.Chaos.Flows;

/// <summary>What came from a source at one moment.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="ArrivedAt">When it came.</param>
internal readonly record struct Chunk(ChunkKind Kind, TimeSpan ArrivedAt)
{
    /// <summary>Gets the bytes; they belong to the chunk.</summary>
    internal Memory<byte> Bytes { get; init; }

    /// <summary>Gets how long it has to wait besides what faults of the flow say.</summary>
    internal TimeSpan ExtraDelay { get; init; }

    /// <summary>Gets how a cut is done.</summary>
    internal CutWay Way { get; init; }

    /// <summary>Gets who is told when a mark is reached.</summary>
    internal TaskCompletionSource? Reached { get; init; }

    /// <summary>Gets what a cut waits for besides its turn.</summary>
    internal Task? After { get; init; }

    /// <summary>Gets the name of the fault that cuts.</summary>
    internal string? Fault { get; init; }

    internal static Chunk Data(Memory<byte> bytes, TimeSpan now) => new(ChunkKind.Data, now) { Bytes = bytes };
}
