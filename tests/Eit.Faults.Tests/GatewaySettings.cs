namespace Eit.Faults.Tests;

/// <summary>How a gateway is set up.</summary>
/// <param name="Upstream">The port of the server that it passes connections on to.</param>
internal sealed record GatewaySettings(int Upstream)
{
    /// <summary>How long nothing may come on a tunnel.</summary>
    internal int IdleSeconds { get; init; } = 30;

    /// <summary>What it answers by itself, in its own words; null: nothing.</summary>
    internal string? Answer { get; init; }
}
