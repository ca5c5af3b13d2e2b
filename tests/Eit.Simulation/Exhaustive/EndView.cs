namespace Eit.Simulation.Exhaustive;

/// <summary>What a world has to know of an end's state to say what can happen next.</summary>
internal sealed record EndView
{
    /// <summary>What the end is in, for a reader.</summary>
    internal required string Text { get; init; }

    /// <summary>Whether the end has nothing left to do.</summary>
    internal required bool IsQuiet { get; init; }

    /// <summary>The sessions that have not ended, one bit each.</summary>
    internal required int LiveSessions { get; init; }

    /// <summary>The places of the sessions whose handler runs, one bit each.</summary>
    internal required int BusySessions { get; init; }

    internal required bool CanSend { get; init; }

    internal required bool CanCycle { get; init; }

    internal required bool CanClose { get; init; }

    internal bool IsClosed { get; init; }

    /// <summary>Whether the client sleeps, or could.</summary>
    internal bool IsPaused { get; init; }

    internal bool CanPause { get; init; }

    /// <summary>The time to the next deadline; <see cref="TimeSpan.MaxValue"/> without one.</summary>
    internal required TimeSpan Wait { get; init; }

    /// <summary>The epochs of the transports on which something has to leave.</summary>
    internal required int[] Writes { get; init; }
}
