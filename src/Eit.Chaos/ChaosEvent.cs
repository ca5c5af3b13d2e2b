using System.Globalization;

namespace Eit.Chaos;

/// <summary>Something that a proxy did.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="At">When, counted from the proxy's start.</param>
/// <param name="Kind">What.</param>
/// <param name="Connection">The number of the connection; null where no single one is meant.</param>
/// <param name="Fault">The name of the fault; null where none is meant.</param>
/// <param name="Text">The same for people; never a payload.</param>
public sealed record ChaosEvent(long Number, TimeSpan At, ChaosEventKind Kind, int? Connection, string? Fault, string Text)
{
    /// <summary>Gives the event as one line.</summary>
    public override string ToString()
    {
        string connection = Connection is { } number ? string.Create(CultureInfo.InvariantCulture, $"  connection {number}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{At.TotalSeconds:0.000} s{connection}  {Text}");
    }
}
