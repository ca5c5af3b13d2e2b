using Eit.Backoff;
using Eit.Chaos;
using Eit.Connection;

namespace Eit.Cli.Demo;

/// <summary>Brings the faults of a plan about, each when its part of the messages has arrived, and waits until the connection has got over it.</summary>
/// <param name="options">How many faults.</param>
/// <param name="relay">Where they happen.</param>
/// <param name="client">The connection.</param>
/// <param name="watch">What is seen of the connection.</param>
/// <param name="progress">Says which part of the messages has arrived, from 0 to 1.</param>
/// <param name="note">Is told of a fault that did not come about, or that the connection did not get over.</param>
internal sealed class DemoDirector(DemoOptions options, DemoRelay relay, EitConnection client, DemoWatch watch, Func<double> progress, Action<string> note)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_faultLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortestRefusal = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestRefusal = TimeSpan.FromMilliseconds(600);

    private readonly SeededJitter _chance = new SeededJitter(options.Seed);
    private volatile int _cuts;
    private volatile int _cycles;
    private volatile int _blackHoles;
    private volatile bool _isDone;

    /// <summary>Gets how often a connection was reset in the middle of a frame.</summary>
    internal int Cuts => _cuts;

    /// <summary>Gets how many cycles came to their end.</summary>
    internal int Cycles => _cycles;

    /// <summary>Gets how many black holes the connection has got out of.</summary>
    internal int BlackHoles => _blackHoles;

    /// <summary>Gets whether the plan is through.</summary>
    internal bool IsDone => _isDone;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<DemoFault> plan = DemoPlan.Draw(options, _chance);
        for (int i = 0; i < plan.Count; i++)
        {
            double due = DemoPlan.DueAt(i, plan.Count);
            await UntilAsync(() => progress() >= due, cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_faultLimit);
            try { await BringAboutAsync(plan[i], limit.Token); }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                note($"{plan[i]}, fault {i + 1} of {plan.Count}, was not over within {s_faultLimit.TotalSeconds:0} s.");
            }
        }
        _isDone = true;
    }

    private Task BringAboutAsync(DemoFault fault, CancellationToken cancellationToken) => fault switch
    {
        DemoFault.Cut => CutAsync(cancellationToken),
        DemoFault.CutThenReset => CutAndRefuseAsync(listens: true, cancellationToken),
        DemoFault.CutThenRefuse => CutAndRefuseAsync(listens: false, cancellationToken),
        DemoFault.CutInCycle => CutInCycleAsync(cancellationToken),
        DemoFault.Cycle => CycleAsync(cancellationToken),
        DemoFault.BlackHole => BlackHoleAsync(cancellationToken),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private async Task CutAsync(CancellationToken cancellationToken)
    {
        int losses;
        do { losses = await UntilItCarriesAsync(cancellationToken); }
        while (!await TryCutAsync(isOldest: false, cancellationToken));
        await UntilResumedAsync(losses, cancellationToken);
    }

    private async Task CutAndRefuseAsync(bool listens, CancellationToken cancellationToken)
    {
        TimeSpan time = _chance.Between(s_shortestRefusal, s_longestRefusal);
        bool hasCut = false;
        while (!hasCut)
        {
            int losses = await UntilItCarriesAsync(cancellationToken);
            relay.Refuse(listens);                                 // Before the cut, so that no redial slips through.
            try
            {
                hasCut = await TryCutAsync(isOldest: false, cancellationToken);
                if (!hasCut) { continue; }
                using var timer = new PeriodicTimer(time);
                await timer.WaitForNextTickAsync(cancellationToken);
            }
            finally { relay.Admit(); }
            await UntilResumedAsync(losses, cancellationToken);
        }
    }

    /// <summary>Waits until one connection carries the session, with no second one that would make a cut of the first unnoticeable, and says how many have been lost before it.</summary>
    private async Task<int> UntilItCarriesAsync(CancellationToken cancellationToken)
    {
        await UntilAsync(() => client.IsConnected && relay.LiveCount == 1, cancellationToken);
        return watch.Losses;
    }

    /// <summary>Cuts a connection; false if it has ended by itself meanwhile.</summary>
    private async Task<bool> TryCutAsync(bool isOldest, CancellationToken cancellationToken)
    {
        ChaosDirection direction = _chance.Next() < 0.5 ? ChaosDirection.Up : ChaosDirection.Down;
        bool hasCut = await relay.CutAsync(direction, isOldest).WaitAsync(cancellationToken);
        if (hasCut) { _cuts++; }
        return hasCut;
    }

    /// <summary>Begins a cycle and cuts the old or the new connection as soon as there are both. What becomes of the cycle is the library's business.</summary>
    private async Task CutInCycleAsync(CancellationToken cancellationToken)
    {
        bool isOldest = _chance.Next() < 0.5;
        bool hasCut = false;
        while (!hasCut)
        {
            await UntilAsync(() => client.IsConnected && relay.LiveCount == 1, cancellationToken);
            Task<bool> cycle = TryCycleAsync(cancellationToken);
            await UntilAsync(() => relay.LiveCount > 1 || cycle.IsCompleted, cancellationToken);
            hasCut = await TryCutAsync(isOldest, cancellationToken);
            if (await cycle) { _cycles++; }
        }
        await UntilAsync(() => client.IsConnected, cancellationToken);
    }

    private async Task CycleAsync(CancellationToken cancellationToken)
    {
        do { await UntilAsync(() => client.IsConnected, cancellationToken); }
        while (!await TryCycleAsync(cancellationToken));
        _cycles++;
    }

    private async Task<bool> TryCycleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.CycleAsync(cancellationToken);
            return true;
        }
        catch (EitException failed) when (failed.IsTransient) { return false; }
    }

    private async Task BlackHoleAsync(CancellationToken cancellationToken)
    {
        (int losses, int moves) = (watch.Losses, watch.Moves);
        await UntilAsync(() => client.IsConnected && relay.Blacken() > 0, cancellationToken);
        await UntilAsync(() => (watch.Losses > losses || watch.Moves > moves) && client.IsConnected, cancellationToken);   // As a rule a race gets it out.
        _blackHoles++;
    }

    private Task UntilResumedAsync(int losses, CancellationToken cancellationToken) => UntilAsync(() => watch.Losses > losses && client.IsConnected, cancellationToken);

    private static async Task UntilAsync(Func<bool> isSo, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_look);
        while (!isSo()) { await timer.WaitForNextTickAsync(cancellationToken); }
    }
}
