namespace Eit.Protocol.Wire;

/// <summary>The priority of a message (F2, N1.1): in order within a lane, a higher lane first.</summary>
public enum Lane : byte
{
    /// <summary>Before everything else: stop, release, brake.</summary>
    Critical = 0,

    /// <summary>What a person is waiting for.</summary>
    Interactive = 1,

    /// <summary>The default.</summary>
    Normal = 2,

    /// <summary>What has time: transfers, logs.</summary>
    Bulk = 3,
}
