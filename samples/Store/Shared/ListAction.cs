namespace Store.Shared;

/// <summary>What happens to a list: <c>set</c> has all its items, <c>put</c> the one that is added or changed, <c>remove</c> the one that goes.</summary>
internal sealed record ListAction(string Type, Item? Item = null, IReadOnlyList<Item>? Items = null);
