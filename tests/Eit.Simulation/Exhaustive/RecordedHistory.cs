using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation.Exhaustive;

/// <summary>The history that one end sees when it runs alone: it can't judge without the other end, so it notes what it is told.</summary>
internal sealed class RecordedHistory(int number, List<(int History, HistoryEvent Event)> notes) : History("recorded")
{
    private long _acceptedCount;

    internal override long AcceptedCount => _acceptedCount;

    internal override void Accepted(long id, Lane lane, int bytes, CompleteWhen? awaits = null)
    {
        _acceptedCount++;
        notes.Add((number, HistoryEvent.Accepted(id, lane, bytes, awaits)));
    }

    internal override void Handled(in InboundMessage message) => notes.Add((number, HistoryEvent.Handled(in message)));

    internal override void Finished(in InboundMessage message) => notes.Add((number, HistoryEvent.Finished(in message)));

    internal override void Told(long id, SendOutcome outcome) => notes.Add((number, HistoryEvent.Told(id, outcome)));

    internal override void Ended(IReadOnlyList<MessageOutcome> unfinished) => notes.Add((number, HistoryEvent.Ended(unfinished)));
}
