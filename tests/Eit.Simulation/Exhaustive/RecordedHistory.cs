using Eit.Backoff;
using Eit.Protocol.Session;

namespace Eit.Simulation.Exhaustive;

/// <summary>The history that one end sees when it runs alone: it can't judge without the other end, so it notes what it is told.</summary>
internal sealed class RecordedHistory(int number, List<(int History, HistoryEvent Event)> notes) : History("recorded", TimeSpan.MaxValue)
{
    private long _acceptedCount;

    internal override long AcceptedCount => _acceptedCount;

    internal override CreditAudit? Credit => null;

    internal override void Accepted(long id, in Promise promise)
    {
        _acceptedCount++;
        notes.Add((number, HistoryEvent.Accepted(id, in promise)));
    }

    internal override void Handled(in InboundMessage message, Instant leftAt) => notes.Add((number, HistoryEvent.Handled(in message)));

    internal override void Finished(in InboundMessage message, bool hasThrown) => notes.Add((number, HistoryEvent.Finished(in message, hasThrown)));

    internal override void Told(long id, SendOutcome outcome, Instant now) => notes.Add((number, HistoryEvent.Told(id, outcome)));

    internal override void Ended(IReadOnlyList<MessageOutcome> unfinished, DropCounts dropped, Instant now) => notes.Add((number, HistoryEvent.Ended(unfinished, dropped)));
}
