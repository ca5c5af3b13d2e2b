namespace Eit.Cli.Soak;

/// <summary>What a soak does.</summary>
internal sealed record SoakOptions
{
    /// <summary>Gets the echoing endpoint; null: a server of its own.</summary>
    public Uri? Url { get; init; }

    public string? Token { get; init; }

    /// <summary>Gets whether the server's certificate is not looked at.</summary>
    public bool TakesAnyCertificate { get; init; }

    public int Connections { get; init; } = 10;

    /// <summary>Gets how many messages each connection sends in a second.</summary>
    public int Rate { get; init; } = 10;

    /// <summary>Gets how many bytes a message has, with its number and its checksum.</summary>
    public int SizeBytes { get; init; } = 100;

    /// <summary>Gets how long messages are sent; counts where <see cref="Count"/> is null.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how many messages each connection sends; null: as many as fit into <see cref="Duration"/>.</summary>
    public int? Count { get; init; }

    /// <summary>Gets how often each connection moves to a new transport, spread over the time.</summary>
    public int Cycles { get; init; }

    /// <summary>Gets how long an echo may take, and after the last one the cycles that are due.</summary>
    public TimeSpan DelayMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets how long the sending takes.</summary>
    internal TimeSpan SendingTime => Count is { } count ? TimeSpan.FromSeconds(count / (double)Rate) : Duration;

    /// <summary>Gets how many messages each connection sends.</summary>
    internal long MessagesPerConnection => Count ?? (long)(Duration.TotalSeconds * Rate);
}
