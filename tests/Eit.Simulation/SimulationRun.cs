namespace Eit.Simulation;

/// <summary>Runs many seeds on all cores.</summary>
internal static class SimulationRun
{
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="makeWorld">Makes the world of a seed.</param>
    internal static SimulationResult Run(ulong first, int count, Func<ulong, RandomWorld> makeWorld)
    {
        var total = new SimStatistics();
        (ulong Seed, string What)? firstFailure = null;
        int failures = 0;
        object gate = new();
        Parallel.For(
            0,
            count,
            static () => new SimStatistics(),
            (index, _, statistics) =>
            {
                ulong seed = first + (ulong)index;
                try
                {
                    RandomWorld world = makeWorld(seed);
                    world.Run();
                    statistics.Add(world.Statistics);
                }
                catch (Exception failure) when (failure is not OutOfMemoryException)
                {
                    lock (gate)
                    {
                        failures++;
                        if (firstFailure is null || seed < firstFailure.Value.Seed) { firstFailure = (seed, failure is HistoryException ? failure.Message : failure.ToString()); }
                    }
                }
                return statistics;
            },
            statistics =>
            {
                lock (gate) { total.Add(statistics); }
            });
        return new SimulationResult(count, failures, firstFailure, total);
    }
}
