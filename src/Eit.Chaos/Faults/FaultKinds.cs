namespace Eit.Chaos.Faults;

/// <summary>The register of all kinds of faults: the plainest of each. A new kind is a class and a line here.</summary>
internal static class FaultKinds
{
    private static readonly ChaosFault[] s_plainest =
    [
        new LatencyFault(), new BandwidthFault(), new SlicerFault(), new CorruptFault(),
        new SlowOpenFault(), new SlowCloseFault(), new SilenceFault(), new RefuseFault(),
        new CutFault { Way = CutWay.Reset }, new CutFault { Way = CutWay.Close }, new BlackHoleFault(),
        new LifeLimitFault(), new IdleLimitFault(), new ConnectionLimitFault(), new FrameFault(),
    ];

    internal static IEnumerable<string> Names => s_plainest.Select(fault => fault.Kind);

    internal static ChaosFault Find(string kind) => Array.Find(s_plainest, fault => fault.Kind == kind) ?? throw new FormatException($"'{kind}' is not a kind of fault; there are {string.Join(", ", Names)}.");
}
