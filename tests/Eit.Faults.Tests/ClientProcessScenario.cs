using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Eit.Faults.Tests;

/// <summary>Something happens to a client in a process of its own, <c>eit soak</c>. What a message took longer than that lasted is its recovery.</summary>
/// <param name="Name">What goes wrong, in a few words.</param>
/// <param name="Bound">How long a recovery may take.</param>
/// <param name="Seconds">How long the fault lasts.</param>
/// <param name="Inflict">Lets the fault come to the process, and lasts as long.</param>
internal sealed record ClientProcessScenario(string Name, TimeSpan Bound, double Seconds, Func<ProxyWorld, int, Task> Inflict) : Scenario(Name, Bound)
{
    private static readonly TimeSpan s_calm = TimeSpan.FromSeconds(2);

    /// <summary>What the fault needs of time before it comes.</summary>
    internal TimeSpan Before { get; init; }

    /// <summary>Whether the fault has to let dials fail.</summary>
    internal bool FailsDials { get; init; }

    internal override async Task<Outcome> RunAsync()
    {
        await using ProxyWorld world = await ProxyWorld.StartAsync(readsFrames: false);
        var recoveries = new List<Recovery>();
        Finding finding = Finding.Nothing;
        for (int round = 0; round < Rounds; round++)
        {
            TimeSpan starved = Starvation.Now;
            JsonElement report = await SoakAsync(world);
            JsonElement messages = report.GetProperty("messages");
            long Of(string what) => messages.GetProperty(what).GetInt64();
            double late = report.GetProperty("delayMaxMs").GetDouble() - (Seconds * 1000);
            recoveries.Add(new Recovery(TimeSpan.FromMilliseconds(Math.Max(0, late)), Starvation.Now - starved));
            finding = finding.Plus(new Finding(Of("sent"), Of("received"), Of("lost"), (int)Of("duplicated"), (int)(Of("reordered") + Of("altered")), Untrue: 0, SessionsEnded: 0));
            if (FailsDials && report.GetProperty("failedDials").GetInt64() == 0) { world.Problems.Add("no dial has failed"); }
        }
        return new Outcome(this, recoveries, finding, world.Problems);
    }

    private async Task<JsonElement> SoakAsync(ProxyWorld world)
    {
        double duration = (2 * s_calm.TotalSeconds) + Before.TotalSeconds + Seconds;
        string[] options = ["--insecure-dev-certificate", "--json", "--connections", "4", "--rate", "20", "--max-delay", "100", "--duration", duration.ToString(CultureInfo.InvariantCulture)];
        using Process soak = Commands.Begin(["dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "eit.dll"), "soak", $"wss://{world.Proxy.EndPoint}/echo", .. options]);
        Task<string> output = soak.StandardOutput.ReadToEndAsync();
        Task<string> errors = soak.StandardError.ReadToEndAsync();
        try
        {
            await Patience.LastAsync(s_calm);
            await Inflict(world, soak.Id);
            await soak.WaitForExitAsync().Soon();
        }
        finally { soak.Kill(); }
        if (soak.ExitCode != 0) { world.Problems.Add($"the soak ended with {soak.ExitCode}: {await output} {await errors}"); }
        return JsonElement.Parse(await output);
    }
}
