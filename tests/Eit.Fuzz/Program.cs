using System.Diagnostics;
using System.Globalization;
using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>The command: gives inputs, repeats the case of a seed, or records the conversations of the corpus.</summary>
internal static class Program
{
    private static readonly TimeSpan s_hangLimit = TimeSpan.FromSeconds(20);

    private static int Main(string[] arguments)
    {
        Trace.Listeners.Clear();
        Trace.Listeners.Add(new AssertionListener());
        string root = Corpus.FindRoot();
        if (arguments is ["--record"]) { return RecordAll(root); }
        Corpus corpus = Corpus.Load(root);
        if (!TryParse(arguments, out long? inputs, out ulong? seed, out Canary canary))
        {
            Console.Error.WriteLine("usage: Eit.Fuzz --inputs N [--seed FIRST] [--canary NAME] | --seed SEED [--canary NAME] | --record");
            return 2;
        }
        if (inputs is not { } count) { return Repeat(seed!.Value, corpus, canary, Console.Out); }
        FuzzResult result = FuzzRun.Run(seed ?? 1, count, corpus, canary, s_hangLimit);
        Console.WriteLine(result.Describe());
        if (result.Failure is not { } failure) { return 0; }
        Save(failure, corpus, canary);
        return 1;
    }

    private static bool TryParse(string[] arguments, out long? inputs, out ulong? seed, out Canary canary)
    {
        (inputs, seed, canary) = (null, null, Canary.None);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : string.Empty;
            switch (arguments[i])
            {
                case "--inputs" when long.TryParse(value, CultureInfo.InvariantCulture, out long count) && count > 0: inputs = count; break;
                case "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong first): seed = first; break;
                case "--canary" when Enum.TryParse(value, out canary): break;
                default: return false;
            }
        }
        return inputs is not null || seed is not null;
    }

    /// <summary>Runs the case of a seed again and tells every input; the last one is the one that fails.</summary>
    private static int Repeat(ulong seed, Corpus corpus, Canary canary, TextWriter output)
    {
        try
        {
            FuzzRun.Repeat(seed, corpus, canary, output.WriteLine);
            output.WriteLine($"seed {seed}: nothing was found");
            return 0;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            output.WriteLine($"FAILED: seed {seed}: {failure}");
            return 1;
        }
    }

    private static void Save(FuzzFailure failure, Corpus corpus, Canary canary)
    {
        if (string.Equals(failure.What, FuzzRun.Hangs, StringComparison.Ordinal))
        {
            Console.WriteLine($"To see its inputs: --seed {failure.Seed}");
            return;
        }
        string path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"eit-fuzz-{failure.Seed}.txt"));
        using (var file = new StreamWriter(path)) { Repeat(failure.Seed, corpus, canary, file); }
        string[] lines = File.ReadAllLines(path);
        string last = lines.LastOrDefault(static line => !line.StartsWith("FAILED", StringComparison.Ordinal) && !line.StartsWith("   at ", StringComparison.Ordinal)) ?? string.Empty;
        Console.WriteLine($"The last input: {(last.Length > 2000 ? last[..2000] + "…" : last)}");
        Console.WriteLine($"All of its inputs are in {path}; --seed {failure.Seed} repeats it.");
    }

    /// <summary>Writes down what honest ends say to each other.</summary>
    private static int RecordAll(string root)
    {
        string folder = Path.Combine(root, "tests", "Eit.Fuzz", "corpus");
        Directory.CreateDirectory(folder);
        foreach (WireEncoding encoding in Enum.GetValues<WireEncoding>())
        {
            for (ulong seed = 1; seed <= 4; seed++)
            {
                var lines = new List<string>();
                var settings = new FuzzSettings(Corpus.Empty, Canary.None, CancellationToken.None);
                bool isJson = encoding == WireEncoding.Json;
                var conversation = new Conversation(seed, settings, encoding, hostility: 0)
                {
                    Record = (toServer, message) => lines.Add($"{(toServer ? "up" : "down")} {(isJson ? Encoding.UTF8.GetString(message) : Convert.ToHexString(message))}"),
                };
                conversation.Run();
                File.WriteAllLines(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"conversation-{seed}.{(isJson ? "json" : "bin")}.txt")), lines);
            }
        }
        return 0;
    }
}
