namespace Eit.Cli.Demo;

/// <summary>Something that happens to the connection while messages flow.</summary>
internal enum DemoFault
{
    /// <summary>The connection is reset in the middle of a frame.</summary>
    Cut,

    /// <summary>The same, and redials are reset for a while as soon as they are accepted.</summary>
    CutThenReset,

    /// <summary>The same, and for a while nobody listens.</summary>
    CutThenRefuse,

    /// <summary>One of the two connections of a cycle is reset while the cycle is going on.</summary>
    CutInCycle,

    /// <summary>The client moves to a new connection while the old one works.</summary>
    Cycle,

    /// <summary>Nothing arrives any more, either way, while TCP stays open.</summary>
    BlackHole,
}
