namespace Eit.Fuzz;

/// <summary>What inputs are given to.</summary>
internal enum FuzzTarget
{
    /// <summary>The reader of JSON.</summary>
    Json,

    /// <summary>The reader of the binary encoding.</summary>
    Binary,

    /// <summary>The reader of the header that carries hello.</summary>
    Header,

    /// <summary>The machines of both ends, each with a peer that lies.</summary>
    Session,
}
