using Eit.Connection;

namespace Eit.Cli.Demo;

/// <summary>Counts what the connection tells of itself.</summary>
internal sealed class DemoWatch
{
    private volatile int _losses;
    private volatile int _resumes;
    private volatile int _moves;
    private volatile int _failedDials;
    private volatile EitSessionEnded? _ended;

    /// <summary>Begins to watch.</summary>
    internal DemoWatch(EitConnection client)
    {
        client.StateChanged += (_, change) => Count(change);
        client.Cycled += (_, _) => _moves++;                       // Events come one at a time.
        client.SessionEnded += (_, ended) => _ended ??= ended;
    }

    /// <summary>Gets how often the connection was lost.</summary>
    internal int Losses => _losses;

    /// <summary>Gets how often the connection has moved to a new transport while the old one was there: a cycle, or a race that the new one has won.</summary>
    internal int Moves => _moves;

    /// <summary>Gets how often the session of before went on after a loss.</summary>
    internal int Resumes => _resumes;

    /// <summary>Gets how many redials failed.</summary>
    internal int FailedDials => _failedDials;

    /// <summary>Gets the first session that ended; null while it lives.</summary>
    internal EitSessionEnded? Ended => _ended;

    private void Count(EitStateChange change)
    {
        // Events come one at a time.
        if (change is { Previous: EitConnectionState.Connected, Current: not EitConnectionState.Closed }) { _losses++; }
        if (change is { Current: EitConnectionState.Connected, IsResumed: true }) { _resumes++; }
        if (change is { Previous: EitConnectionState.Dialing, Current: EitConnectionState.Waiting }) { _failedDials++; }
    }
}
