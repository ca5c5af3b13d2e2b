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
        if (arguments is ["--exhaustive", .. { } bounds]) { return Explore(bounds); }
        bool isFlow = arguments is ["--flow", ..];
        string[] options = isFlow ? arguments[1..] : arguments;
        if (options is ["--seeds", { } count, .. { } rest] && int.TryParse(count, CultureInfo.InvariantCulture, out int seeds) && seeds > 0) { return RunSeeds(seeds, isFlow, rest); }
        if (options is ["--seed", { } one, .. { } more] && ulong.TryParse(one, CultureInfo.InvariantCulture, out ulong seed)) { return RunSeed(seed, isFlow, more); }
        Console.Error.WriteLine("usage: Eit.Simulation [--flow] --seeds N [--first SEED] [--canary NAME] | [--flow] --seed SEED [--canary NAME] | --exhaustive [--world NAMES] [--messages N] [--cycles N] [--cuts N] … [--canary …]");
        return 2;
    }

    private static int RunSeed(ulong seed, bool isFlow, string[] options)
    {
        MakerOf(isFlow, CanaryOf(options))(seed).Run();
        Console.WriteLine($"seed {seed}: all promises kept");
        return 0;
    }

    private static int RunSeeds(int count, bool isFlow, string[] options)
    {
        ulong first = ulong.Parse(Option(options, "--first") ?? "1", CultureInfo.InvariantCulture);
        var watch = Stopwatch.StartNew();
        SimulationResult result = SimulationRun.Run(first, count, MakerOf(isFlow, CanaryOf(options)));
        Console.WriteLine(result.Describe(watch.Elapsed));
        return result.FirstFailure is null ? 0 : 1;
    }

    private static Func<ulong, RandomWorld> MakerOf(bool isFlow, Canary canary) =>
        isFlow ? seed => new FlowWorld(seed, canary) : seed => new TransportWorld(seed, canary);

    private static Canary CanaryOf(string[] options) => Enum.Parse<Canary>(Option(options, "--canary") ?? nameof(Canary.None));

    private static string? Option(string[] options, string name)
    {
        int place = Array.IndexOf(options, name);
        return place >= 0 && place + 1 < options.Length ? options[place + 1] : null;
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
