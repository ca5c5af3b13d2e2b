using Eit.Connection;

namespace Eit.Cli.Demo;

/// <summary>A demo at one moment.</summary>
internal sealed record DemoStatus
{
    public TimeSpan Elapsed { get; init; }

    public EitConnectionState State { get; init; }

    public long Epoch { get; init; }

    public int UpSent { get; init; }

    public int UpArrived { get; init; }

    public int DownSent { get; init; }

    public int DownArrived { get; init; }

    public int Cuts { get; init; }

    public int Cycles { get; init; }

    public int BlackHoles { get; init; }

    public int Resumes { get; init; }

    public int FailedDials { get; init; }

    public TimeSpan LongestGap { get; init; }
}
