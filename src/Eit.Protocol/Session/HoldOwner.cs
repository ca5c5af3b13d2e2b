namespace Eit.Protocol.Session;

/// <summary>What the sessions of one owner take of a <see cref="HoldBudget{T}"/>.</summary>
internal sealed class HoldOwner<T>(string name)
    where T : class
{
    internal string Name => name;

    internal List<HoldShare<T>> Shares { get; } = [];

    /// <summary>What they hold, and what they themselves take.</summary>
    internal long Bytes { get; set; }

    /// <summary>What of it belongs to sessions that have to end.</summary>
    internal long Going { get; set; }

    /// <summary>What those that stay hold, what they share with others included: who holds most goes first.</summary>
    internal long Weight { get; set; }

    /// <summary>Whether more than half of what an owner may hold is held.</summary>
    internal bool IsTight { get; set; }

    internal void Add(HoldShare<T> share)
    {
        share.Index = Shares.Count;
        Shares.Add(share);
    }

    internal void Remove(HoldShare<T> share)
    {
        HoldShare<T> last = Shares[^1];
        (Shares[share.Index], last.Index) = (last, share.Index);
        Shares.RemoveAt(Shares.Count - 1);
        share.Index = -1;
    }

    /// <summary>Lists the sessions that stay and hold something, the one that holds most first.</summary>
    internal IEnumerable<HoldShare<T>> HeaviestFirst() =>
        Shares.Where(static share => !share.IsGivenUp && share.Weight > 0).OrderByDescending(static share => share.Weight).ThenBy(static share => share.Number);
}
