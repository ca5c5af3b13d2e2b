namespace Eit.Link;

/// <summary>Where an account is kept together with others: a budget (N6). Safe from any thread.</summary>
public interface IHoldPot
{
    /// <summary>Gets whether more than half of the budget is used.</summary>
    bool IsTight { get; }

    /// <summary>Looks at an account that has changed by more than a step: asks it under the budget's own lock to <see cref="HoldAccount.Tell"/>, so that the newest counts.</summary>
    /// <param name="account">The account.</param>
    void Look(HoldAccount account);

    /// <summary>Hears that nothing is held any more, and nothing will be. Idempotent.</summary>
    void Leave();
}
