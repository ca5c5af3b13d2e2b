using System.Diagnostics;
using System.Globalization;

namespace Eit.Simulation;

/// <summary>The command: runs seeds, or explores small worlds exhaustively.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["--seeds", { } count, .. { } rest] && int.TryParse(count, CultureInfo.InvariantCulture, out int seeds) && seeds > 0) { return RunSeeds(seeds, rest); }
        if (arguments is ["--seed", { } one] && ulong.TryParse(one, CultureInfo.InvariantCulture, out ulong seed)) { return RunSeed(seed); }
        Console.Error.WriteLine("usage: Eit.Simulation --seeds N [--from SEED] [--canary ForgetsOnLoss|RepeatsOnResume] | --seed SEED | --exhaustive");
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
}
