using System.Collections.Immutable;

namespace Store.Shared;

/// <summary>A list. Server and clients come to the same one, because they apply the same actions in the same order.</summary>
/// <param name="Items">Its items, in the order in which they were added.</param>
internal sealed record ListState(ImmutableList<Item> Items)
{
    internal static ListState Empty { get; } = new([]);

    internal ListState After(ListAction action)
    {
        switch (action)
        {
            case { Type: "set", Items: { } items }:
                return new ListState([.. items]);
            case { Type: "put", Item: { } item }:
                int place = Items.FindIndex(other => other.Id == item.Id);
                return new ListState(place < 0 ? Items.Add(item) : Items.SetItem(place, item));
            case { Type: "remove", Item: { } item }:
                return new ListState(Items.RemoveAll(other => other.Id == item.Id));
            default:
                return this;
        }
    }
}
