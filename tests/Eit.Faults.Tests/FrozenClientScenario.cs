using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Eit.EndToEnd.Tests;

namespace Eit.Faults.Tests;

/// <summary>A client in a process of its own, <c>eit soak</c>, is stopped and goes on. What a message took longer than the freeze is its recovery.</summary>
/// <param name="Name">What goes wrong, in a few words.</param>
/// <param name="Bound">How long a recovery may take.</param>
/// <param name="Seconds">How long it is frozen.</param>
internal sealed record FrozenClientScenario(string Name, TimeSpan Bound, double Seconds) : Scenario(Name, Bound)
{
    private static readonly TimeSpan s_calm = TimeSpan.FromSeconds(2);

    internal override async Task<Outcome> RunAsync()
    {
        await using ProcessWorld world = await ProcessWorld.StartAsync();
        var recoveries = new List<TimeSpan>();
        Finding finding = Finding.Nothing;
        for (int round = 0; round < Rounds; round++)
        {
            JsonElement report = await SoakAsync(world.Server.Port, world.Problems);
            JsonElement messages = report.GetProperty("messages");
            long Of(string what) => messages.GetProperty(what).GetInt64();
            double late = report.GetProperty("delayMaxMs").GetDouble() - (Seconds * 1000);
            recoveries.Add(TimeSpan.FromMilliseconds(Math.Max(0, late)));
            finding = finding.Plus(new Finding(Of("sent"), Of("received"), Of("lost"), (int)Of("duplicated"), (int)(Of("reordered") + Of("altered")), Untrue: 0, SessionsEnded: 0));
        }
        return new Outcome(this, recoveries, finding, world.Problems);
    }

    private async Task<JsonElement> SoakAsync(int port, List<string> problems)
    {
        double duration = (2 * s_calm.TotalSeconds) + Seconds;
        string[] options = ["--insecure-dev-certificate", "--json", "--connections", "4", "--rate", "20", "--max-delay", "100", "--duration", duration.ToString(CultureInfo.InvariantCulture)];
        using Process soak = Commands.Begin(["dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "eit.dll"), "soak", $"wss://127.0.0.1:{port}/echo", .. options]);
        Task<string> output = soak.StandardOutput.ReadToEndAsync();
        Task<string> errors = soak.StandardError.ReadToEndAsync();
        await Patience.LastAsync(s_calm);
        Signals.Send(soak.Id, ProcessSignal.Stop);
        await Patience.LastAsync(TimeSpan.FromSeconds(Seconds));
        Signals.Send(soak.Id, ProcessSignal.Continue);
        await soak.WaitForExitAsync().Soon();
        if (soak.ExitCode != 0) { problems.Add($"the soak ended with {soak.ExitCode}: {await output} {await errors}"); }
        return JsonElement.Parse(await output);
    }
}
