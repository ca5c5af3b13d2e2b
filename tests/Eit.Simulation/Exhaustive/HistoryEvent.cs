using System.Globalization;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation.Exhaustive;

/// <summary>One call of a <see cref="History"/>, kept to be made later, on the history that both ends share.</summary>
internal sealed record HistoryEvent(string Kind, long Id, Lane Lane, int Bytes, CompleteWhen? Awaits, SendOutcome Outcome, string Text)
{
    internal string? Key { get; init; }

    internal DropCounts Dropped { get; init; }

    internal bool HasThrown { get; init; }

    internal static HistoryEvent Accepted(long id, in Promise promise) => new(nameof(Accepted), id, promise.Lane, promise.Bytes, promise.Awaits, default, string.Empty) { Key = promise.Key };

    internal static HistoryEvent Handled(in InboundMessage message) => new(nameof(Handled), 0, message.Lane, 0, null, default, TextOf(in message));

    internal static HistoryEvent Finished(in InboundMessage message, bool hasThrown) => new(nameof(Finished), 0, message.Lane, 0, null, default, TextOf(in message)) { HasThrown = hasThrown };

    internal static HistoryEvent Told(long id, SendOutcome outcome) => new(nameof(Told), id, default, 0, null, outcome, string.Empty);

    internal static HistoryEvent Ended(IReadOnlyList<MessageOutcome> unfinished, DropCounts dropped) =>
        new(nameof(Ended), 0, default, 0, null, default, string.Join(',', unfinished.Select(static one => string.Create(CultureInfo.InvariantCulture, $"{one.Id}={(int)one.Outcome}")))) { Dropped = dropped };

    internal void ApplyTo(History history)
    {
        switch (Kind)
        {
            case nameof(Accepted):
                history.Accepted(Id, new Promise(Lane, Bytes) { Awaits = Awaits, Key = Key });
                break;
            case nameof(Handled):
                history.Handled(new InboundMessage { Lane = Lane, Text = Text }, leftAt: default);
                break;
            case nameof(Finished):
                history.Finished(new InboundMessage { Lane = Lane, Text = Text }, HasThrown);
                break;
            case nameof(Told):
                history.Told(Id, Outcome, now: default);
                break;
            default:
                history.Ended(Unfinished(), Dropped, now: default);
                break;
        }
    }

    private List<MessageOutcome> Unfinished()
    {
        var unfinished = new List<MessageOutcome>();
        foreach (string one in Text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = one.Split('=');
            unfinished.Add(new MessageOutcome(long.Parse(parts[0], CultureInfo.InvariantCulture), (SendOutcome)int.Parse(parts[1], CultureInfo.InvariantCulture), null));
        }
        return unfinished;
    }

    private static string TextOf(in InboundMessage message) => message.Text ?? System.Text.Encoding.UTF8.GetString(message.Bytes.Span);
}
