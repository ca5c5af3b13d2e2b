namespace Eit.Simulation;

/// <summary>Runs many seeds on all cores.</summary>
internal static class SimulationRun
{
    internal static SimulationResult Run(ulong from, int count, Canary canary)
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
                ulong seed = from + (ulong)index;
                try
                {
                    var world = new RandomWorld(seed, canary);
                    world.Run();
                    statistics.Add(world.Statistics);
                }
                catch (Exception failure) when (failure is not OutOfMemoryException)
                {
                    lock (gate)
                    {
                        failures++;
                        if (Environment.GetEnvironmentVariable("SIM_LIST") is not null) { Console.WriteLine($"{seed}: {failure.Message}"); }
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
