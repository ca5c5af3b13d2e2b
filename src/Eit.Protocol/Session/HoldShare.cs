namespace Eit.Protocol.Session;

/// <summary>What one session takes of a <see cref="HoldBudget{T}"/>.</summary>
public sealed class HoldShare<T>
    where T : class
{
    internal HoldShare(HoldBudget<T> budget, HoldOwner<T> owner, T session, long number) => (Budget, Owner, Session, Number) = (budget, owner, session, number);

    /// <summary>Gets whether more than half of the budget, in all or of the owner, is used (N6.2). May be read without the budget's lock: an old answer does no harm.</summary>
    public bool IsTight => Owner.IsTight || Budget.IsTight;

    internal HoldBudget<T> Budget { get; }

    internal HoldOwner<T> Owner { get; }

    internal T Session { get; }

    internal long Number { get; }

    internal long Held { get; set; }

    internal long Shared { get; set; }

    /// <summary>Its place in the owner's list; -1 when it has left.</summary>
    internal int Index { get; set; } = -1;

    /// <summary>Whether the session has to end: what it holds will go.</summary>
    internal bool IsGivenUp { get; set; }

    /// <summary>What goes, or can go, with it.</summary>
    internal long Weight => Held + Shared;
}
