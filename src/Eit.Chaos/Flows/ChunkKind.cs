namespace Eit.Chaos.Flows;

/// <summary>What a <see cref="Chunk"/> is.</summary>
internal enum ChunkKind
{
    /// <summary>Bytes.</summary>
    Data,

    /// <summary>The source has ended its stream.</summary>
    End,

    /// <summary>The source is gone: reset, or no longer writable.</summary>
    Gone,

    /// <summary>Somebody wants to know that everything before it has left.</summary>
    Mark,

    /// <summary>A frame rule ends the connection here.</summary>
    Cut,
}
