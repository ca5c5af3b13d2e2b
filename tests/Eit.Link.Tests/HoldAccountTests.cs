using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Link.Tests;

public class HoldAccountTests
{
    private readonly HoldAccount _account = new();
    private readonly Pot _pot = new();

    [Fact]
    public void A_budget_hears_of_what_is_held_already_and_then_in_steps()
    {
        _account.Charge(1_000);
        Assert.False(_account.IsTight);
        _account.Join(_pot);
        Assert.Equal([HoldSteps.Told(1_000)], _pot.Told);

        for (int i = 0; i < 1_000; i++) { _account.Charge(100); }

        Assert.InRange(_pot.Told.Count, 5, 20);
        Assert.InRange(_pot.Told[^1], 101_000, 120_000);
    }

    [Fact]
    public void What_is_released_is_told_when_it_is_much()
    {
        _account.Join(_pot);
        _account.Charge(1_000_000);
        int before = _pot.Told.Count;
        _account.Release(1_000);
        Assert.Equal(before, _pot.Told.Count);

        _account.Release(999_000);

        Assert.Equal(0, _account.Held);
        Assert.Equal(0, _pot.Told[^1]);
    }

    [Fact]
    public void Charges_from_many_threads_are_all_counted()
    {
        _account.Join(_pot);

        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 10_000; i++) { _account.Charge(128); }
            for (int i = 0; i < 5_000; i++) { _account.Release(128); }
        });

        Assert.Equal(8 * 5_000 * 128, _account.Held);
        Assert.True(_pot.Told[^1] >= _account.Held);
    }

    [Fact]
    public void The_last_to_let_a_payload_go_says_so_once()
    {
        int gone = 0;
        var early = new PayloadHolders(() => gone++);
        early.LetGo();                                             // Two are through with it before it is known how many have it.
        early.LetGo();
        Assert.Equal(0, gone);
        early.TakenBy(3);
        Assert.Equal(0, gone);
        early.LetGo();
        Assert.Equal(1, gone);

        new PayloadHolders(() => gone++).TakenBy(0);

        Assert.Equal(2, gone);
    }

    private sealed class Pot : IHoldPot
    {
        private readonly Lock _gate = new();

        internal List<long> Told { get; } = [];

        public bool IsTight => true;

        public void Look(HoldAccount account)
        {
            lock (_gate) { Told.Add(account.Tell().Held); }
        }

        public void Leave()
        {
        }
    }
}
