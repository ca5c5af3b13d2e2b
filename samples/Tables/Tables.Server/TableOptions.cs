namespace Tables.Server;

/// <summary>The house's rules; the section <c>Tables</c> of the configuration.</summary>
internal sealed record TableOptions
{
    /// <summary>Gets or sets the folder in which tables are kept while nobody is there.</summary>
    public string Folder { get; set; } = Path.Combine(AppContext.BaseDirectory, "saved");

    /// <summary>Gets or sets how many tables there are; they are numbered from 1.</summary>
    public int TablesMax { get; set; } = 100;

    /// <summary>Gets or sets how long a player may think; then one stone is taken for them.</summary>
    public TimeSpan TurnTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long the seat of a player who is gone is kept.</summary>
    public TimeSpan SeatTime { get; set; } = TimeSpan.FromSeconds(60);
}
