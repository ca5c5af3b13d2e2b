using System.Net;
using Eit.Chaos;
using Eit.Chaos.Faults;

namespace Eit.Cli.Chaos;

/// <summary>What the verb <c>chaos</c> does.</summary>
internal sealed record ChaosRunOptions
{
    public required IPEndPoint Listen { get; init; }

    public required EndPoint Upstream { get; init; }

    /// <summary>Gets what is played; null: nothing.</summary>
    public ChaosScenario? Scenario { get; init; }

    /// <summary>Gets the faults from the start on.</summary>
    public IReadOnlyList<ChaosFault> Faults { get; init; } = [];

    public ulong Seed { get; init; }

    /// <summary>Gets the loopback port of the control API; 0: a free one.</summary>
    public int ControlPort { get; init; }

    public bool EndsTls { get; init; }

    public bool ReadsFrames { get; init; }

    /// <summary>Gets whether the upstream's certificate is not looked at.</summary>
    public bool TakesAnyCertificate { get; init; }
}
