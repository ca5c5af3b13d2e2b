using Eit.Backoff;

namespace Eit.Cli.Demo;

/// <summary>The faults of a demo, in the order in which they happen.</summary>
internal static class DemoPlan
{
    private static readonly DemoFault[] s_cutsInTurn =
        [DemoFault.Cut, DemoFault.CutThenReset, DemoFault.Cut, DemoFault.CutThenRefuse, DemoFault.CutInCycle];

    /// <summary>Draws the order; <paramref name="options"/> says how many of each.</summary>
    internal static IReadOnlyList<DemoFault> Draw(DemoOptions options, IJitter chance)
    {
        List<DemoFault> faults = [.. Enumerable.Range(0, options.Cuts).Select(i => s_cutsInTurn[i % s_cutsInTurn.Length])];
        faults.AddRange(Enumerable.Repeat(DemoFault.Cycle, options.Cycles));
        faults.AddRange(Enumerable.Repeat(DemoFault.BlackHole, options.BlackHoles));
        for (int i = faults.Count - 1; i > 0; i--)
        {
            int other = (int)(chance.Next() * (i + 1));
            (faults[i], faults[other]) = (faults[other], faults[i]);
        }
        return faults;
    }

    /// <summary>Says at which part of the messages a fault is due, from 0 to 1: spread evenly, with a rest behind the last one.</summary>
    internal static double DueAt(int fault, int faults) => (fault + 0.5) / (faults + 0.5);
}
