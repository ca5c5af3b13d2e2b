namespace Eit.Link;

/// <summary>Where a message goes at this moment.</summary>
/// <param name="Pump">The pump of the session that takes it; null while there is none.</param>
/// <param name="Changed">Ends when that may have changed.</param>
/// <param name="IsOver">Whether nothing is sent any more.</param>
public readonly record struct SendTarget(SessionPump? Pump, Task Changed, bool IsOver);
