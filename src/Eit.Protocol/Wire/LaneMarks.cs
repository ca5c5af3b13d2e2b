namespace Eit.Protocol.Wire;

/// <summary>One number per lane.</summary>
/// <param name="Critical">The critical lane's.</param>
/// <param name="Interactive">The interactive lane's.</param>
/// <param name="Normal">The normal lane's.</param>
/// <param name="Bulk">The bulk lane's.</param>
public readonly record struct LaneMarks(long Critical, long Interactive, long Normal, long Bulk)
{
    /// <summary>How many lanes there are.</summary>
    public const int LaneCount = 4;

    /// <summary>Gets the highest of the four.</summary>
    public long Highest => Math.Max(Math.Max(Critical, Interactive), Math.Max(Normal, Bulk));

    /// <summary>Gets the number of a lane.</summary>
    /// <param name="lane">The lane.</param>
    public long this[Lane lane] => lane switch
    {
        Lane.Critical => Critical,
        Lane.Interactive => Interactive,
        Lane.Normal => Normal,
        _ => Bulk,
    };

    /// <summary>Makes a copy with another number for one lane.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="number">Its number.</param>
    public LaneMarks With(Lane lane, long number) => lane switch
    {
        Lane.Critical => this with { Critical = number },
        Lane.Interactive => this with { Interactive = number },
        Lane.Normal => this with { Normal = number },
        _ => this with { Bulk = number },
    };
}
