using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Simulation.Exhaustive;

namespace Eit.Simulation;

/// <summary>The command: runs seeds, or explores small worlds exhaustively.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["--seeds", { } count, .. { } rest] && int.TryParse(count, CultureInfo.InvariantCulture, out int seeds) && seeds > 0) { return RunSeeds(seeds, rest); }
        if (arguments is ["--seed", { } one] && ulong.TryParse(one, CultureInfo.InvariantCulture, out ulong seed)) { return RunSeed(seed); }
        if (arguments is ["--exhaustive", .. { } bounds]) { return Explore(bounds); }
        Console.Error.WriteLine("usage: Eit.Simulation --seeds N [--from SEED] [--canary ForgetsOnLoss|RepeatsOnResume] | --seed SEED | --exhaustive [--world NAMES] [--messages N] [--cycles N] [--cuts N] … [--canary …]");
        return 2;
    }

    private static int RunSeed(ulong seed)
    {
        new RandomWorld(seed).Run();
        Console.WriteLine($"seed {seed}: all promises kept");
        return 0;
    }

    private static int RunSeeds(int count, string[] options)
    {
        ulong from = 1;
        Canary canary = Canary.None;
        for (int i = 0; i + 1 < options.Length; i += 2)
        {
            if (options[i] is "--from") { from = ulong.Parse(options[i + 1], CultureInfo.InvariantCulture); }
            else if (options[i] is "--canary") { canary = Enum.Parse<Canary>(options[i + 1]); }
        }
        var watch = Stopwatch.StartNew();
        SimulationResult result = SimulationRun.Run(from, count, canary);
        Console.WriteLine(result.Describe(watch.Elapsed));
        return result.FirstFailure is null ? 0 : 1;
    }

    private static int Explore(string[] options)
    {
        IEnumerable<ExplorationBounds> worlds = ExplorationBounds.Default;
        for (int i = 0; i + 1 < options.Length; i += 2)
        {
            string value = options[i + 1];
            worlds = options[i] switch
            {
                "--world" => worlds.Where(world => value.Split(',').Contains(world.Name)),
                "--canary" => worlds.Select(world => world with { Canary = Enum.Parse<Canary>(value) }),
                { } name => worlds.Select(world => world.With(name, int.Parse(value, CultureInfo.InvariantCulture))),
            };
        }
        var watch = Stopwatch.StartNew();
        var results = new ConcurrentBag<ExplorationResult>();
        var oneByOne = Partitioner.Create(worlds, EnumerablePartitionerOptions.NoBuffering);
        Parallel.ForEach(oneByOne, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (bounds, others) =>
        {
            ExplorationResult result = new Exploration(bounds).Run();
            results.Add(result);
            Console.WriteLine(result.Describe());
            if (result.Failure is not null) { others.Stop(); }
        });
        Console.WriteLine(ExplorationResult.Sum([.. results], watch.Elapsed));
        return results.All(static result => result.IsComplete) ? 0 : 1;
    }
}
