namespace Eit.Protocol.Session;

/// <summary>Which state of a session may follow which: a table, from which the diagram in docs/ARCHITECTURE.md is printed.</summary>
public static class SessionMoves
{
    private static readonly Dictionary<Type, Type[]> s_moves = new()
    {
        [typeof(SessionState.Online)] = [typeof(SessionState.Online), typeof(SessionState.Proving), typeof(SessionState.Crossing), typeof(SessionState.Detached), typeof(SessionState.Ended)],
        [typeof(SessionState.Proving)] = [typeof(SessionState.Online), typeof(SessionState.Proving), typeof(SessionState.Crossing), typeof(SessionState.Detached), typeof(SessionState.Ended)],
        [typeof(SessionState.Crossing)] = [typeof(SessionState.Online), typeof(SessionState.Crossing), typeof(SessionState.Detached), typeof(SessionState.Ended)],
        [typeof(SessionState.Detached)] = [typeof(SessionState.Online), typeof(SessionState.Proving), typeof(SessionState.Crossing), typeof(SessionState.Ended)],
        [typeof(SessionState.Ended)] = [],
    };

    /// <summary>Gets every move that is allowed, by the names of its states.</summary>
    public static IEnumerable<(string From, string To)> All => s_moves.SelectMany(static row => row.Value.Select(to => (row.Key.Name, to.Name)));

    /// <summary>Tells whether a state may follow another.</summary>
    /// <param name="from">The one.</param>
    /// <param name="to">The one that follows.</param>
    public static bool Allow(SessionState from, SessionState to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        return Array.IndexOf(s_moves[from.GetType()], to.GetType()) >= 0;
    }
}
