namespace Eit.Cli.Demo;

/// <summary>What a demo does.</summary>
internal sealed record DemoOptions
{
    internal const int DefaultMessages = 5_000;

    /// <summary>Gets how many messages go each way, at least: traffic goes on until the last fault has been survived.</summary>
    public int Messages { get; init; } = DefaultMessages;

    /// <summary>Gets how many messages go each way in a second.</summary>
    public int Rate { get; init; } = 200;

    /// <summary>Gets how often the relay resets a connection in the middle of a frame.</summary>
    public int Cuts { get; init; } = 20;

    /// <summary>Gets how often the client moves to a new connection while the old one works.</summary>
    public int Cycles { get; init; } = 5;

    /// <summary>Gets how often the relay swallows everything, while TCP stays open.</summary>
    public int BlackHoles { get; init; } = 2;

    /// <summary>Gets the length of a made-up message.</summary>
    public int SizeBytes { get; init; } = 100;

    /// <summary>Gets the lines that are sent in place of made-up messages; null: none.</summary>
    public IReadOnlyList<string>? Lines { get; init; }

    /// <summary>Gets the seed of everything that is drawn: the order of the faults, where they cut, how long redials are refused, the messages.</summary>
    public ulong Seed { get; init; }
}
