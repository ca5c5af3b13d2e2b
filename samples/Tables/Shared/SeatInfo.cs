namespace Tables.Shared;

/// <summary>A player at the table.</summary>
/// <param name="Name">The player.</param>
/// <param name="IsHere">Whether a connection of theirs is up at this moment.</param>
internal sealed record SeatInfo(string Name, bool IsHere);
