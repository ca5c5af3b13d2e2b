using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>What simulations have reached: counts per seed, and how much of the machine they walked through.</summary>
internal sealed class SimStatistics
{
    private readonly HashSet<(bool AtClient, string State, TransportRole? Role, FrameType Type)> _inputs = [];
    private readonly HashSet<(string From, string To)> _moves = [];

    internal List<int> MessagesUp { get; } = [];

    internal List<int> MessagesDown { get; } = [];

    internal List<int> Replaced { get; } = [];

    internal List<int> Expired { get; } = [];

    internal List<int> Failed { get; } = [];

    internal List<int> NotSent { get; } = [];

    internal List<int> Unknown { get; } = [];

    /// <summary>The messages that used up what credit there was for their lane: what comes next has to wait for the handler.</summary>
    internal List<int> CreditUsedUp { get; } = [];

    /// <summary>The waits of a handler for that of the other end, which waited too, that ended with NotSent.</summary>
    internal List<int> MutualWaits { get; } = [];

    internal List<int> Faults { get; } = [];

    internal List<int> Cycles { get; } = [];

    internal List<int> Resumes { get; } = [];

    internal List<int> Sessions { get; } = [];

    /// <summary>The pairs that the table of frames lets happen between two ends that keep to the protocol.</summary>
    internal static int InputsPossible => Possible().Count();

    internal int InputsReached => _inputs.Intersect(Possible()).Count();

    internal static int MovesPossible => SessionMoves.All.Count();

    internal int MovesReached => _moves.Count;

    internal IEnumerable<string> InputsMissed => Possible().Except(_inputs).Select(static pair => $"{(pair.AtClient ? "client" : "server")} {pair.State} {pair.Role} {pair.Type}");

    internal IEnumerable<string> MovesMissed => SessionMoves.All.Except(_moves).Select(static move => $"{move.From} > {move.To}");

    internal void SawInput(SessionState state, TransportRole? role, FrameType type, bool atClient)
    {
        if (role is not null) { _inputs.Add((atClient, state.GetType().Name, role, type)); }
    }

    internal void SawMove(SessionState from, SessionState to) => _moves.Add((from.GetType().Name, to.GetType().Name));

    internal void Add(SimStatistics other)
    {
        _inputs.UnionWith(other._inputs);
        _moves.UnionWith(other._moves);
        MessagesUp.AddRange(other.MessagesUp);
        MessagesDown.AddRange(other.MessagesDown);
        Replaced.AddRange(other.Replaced);
        Expired.AddRange(other.Expired);
        Failed.AddRange(other.Failed);
        NotSent.AddRange(other.NotSent);
        Unknown.AddRange(other.Unknown);
        CreditUsedUp.AddRange(other.CreditUsedUp);
        MutualWaits.AddRange(other.MutualWaits);
        Faults.AddRange(other.Faults);
        Cycles.AddRange(other.Cycles);
        Resumes.AddRange(other.Resumes);
        Sessions.AddRange(other.Sessions);
    }

    private static IEnumerable<(bool AtClient, string State, TransportRole? Role, FrameType Type)> Possible()
    {
        (string State, TransportRole Role, bool AtClient)[] places =
        [
            (nameof(SessionState.Online), TransportRole.Active, true),
            (nameof(SessionState.Crossing), TransportRole.Active, true),
            (nameof(SessionState.Crossing), TransportRole.Retiring, true),
            (nameof(SessionState.Online), TransportRole.Active, false),
            (nameof(SessionState.Proving), TransportRole.Active, false),
            (nameof(SessionState.Proving), TransportRole.Candidate, false),
            (nameof(SessionState.Crossing), TransportRole.Active, false),
            (nameof(SessionState.Crossing), TransportRole.Retiring, false),
        ];
        foreach ((string state, TransportRole role, bool atClient) in places)
        {
            foreach (FrameType type in Enum.GetValues<FrameType>())
            {
                EitEnd end = atClient ? EitEnd.Client : EitEnd.Server;
                bool isSwitchInTime = type != FrameType.Switch || (atClient ? state is nameof(SessionState.Crossing) : role == TransportRole.Candidate);
                bool isFirstOnCandidate = role != TransportRole.Candidate || type == FrameType.Switch;
                if (FrameRules.For(end, role, type) == FrameRule.Act && isSwitchInTime && isFirstOnCandidate) { yield return (atClient, state, role, type); }
            }
        }
    }
}
