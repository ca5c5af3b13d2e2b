using Eit.Protocol.Wire;

namespace Eit.Chaos.Faults;

/// <summary>A frame rule on one direction of one connection: counts frames. It does nothing to bytes.</summary>
internal sealed class FrameCount(FrameFault rule) : FlowFault
{
    private long _seen;

    internal FrameFault Rule => rule;

    /// <summary>Counts a frame, and tells whether the rule would act on it.</summary>
    internal bool IsDue(FrameType type) => (rule.Frame is null || rule.Frame == type) && ++_seen >= rule.Nth;
}
