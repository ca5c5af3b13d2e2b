namespace Eit.Cli.Soak;

/// <summary>A soak at one moment.</summary>
internal sealed record SoakStatus(TimeSpan Elapsed, int Connections, int Connected, SoakTally Messages, int Resumes, int Cycles, TimeSpan DelayP50, TimeSpan DelayMax);
