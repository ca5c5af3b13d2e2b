using System.Buffers.Binary;
using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using Eit.Chaos;
using Eit.Chaos.Faults;

namespace Eit.Cli.Chaos;

/// <summary>The verb <c>chaos</c>: a proxy that lets go wrong what it is told to.</summary>
internal static class ChaosCommand
{
    private const string Description = "Stand between a client and a server, of any kind that speaks TCP, and let go wrong what you say: delays, cuts, black holes.";

    private const long FileBytesMax = 16 * 1024 * 1024;

    private static string Details => $"""
        Faults are set at the start, by a scenario, or while it runs by HTTP at the address that it prints:
          curl http://127.0.0.1:PORT/faults -d '{"{"}"name":"slow","kind":"latency","delay":"200ms"{"}"}'
          curl -X DELETE http://127.0.0.1:PORT/faults/slow

        Kinds: {string.Join(", ", ChaosFault.Kinds)}. Their fields, scenarios and the control API: docs/CHAOS.md.
        It runs until Ctrl-C or SIGTERM, and then sums up what it did.

        Exit codes: 0 it ran; 1 it could not listen; 2 bad options.

        Example: eit chaos --listen 127.0.0.1:8081 --upstream 127.0.0.1:8080 --fault latency,delay=100ms,jitter=20ms --fault reset,midway=true,toxicity=0.1
        """;

    internal static Command Make()
    {
        Option<EndPoint?> listen = Endpoints.Option("--listen", "Where it listens. Default 127.0.0.1 and a free port.", takesNames: false);
        Option<EndPoint?> upstream = Endpoints.Option("--upstream", "Where it passes connections on to.", takesNames: true);
        upstream.Required = true;
        Option<ChaosScenario?> scenario = ScenarioOption();
        Option<ChaosFault[]> fault = FaultOption();
        Option<long?> seed = WholeNumber.Option("--seed", "Decides what is drawn. Default: the scenario's, else another one each time.", 0, long.MaxValue);
        Option<long?> control = WholeNumber.Option("--control", "The loopback port of the control API. Default: a free one.", 0, ushort.MaxValue);
        var tls = new Option<bool>("--tls") { Description = "End the clients' TLS with a certificate made for the occasion, and open TLS to the upstream; so that rules for frames work with wss." };
        var frames = new Option<bool>("--frames") { Description = "Read WebSockets, so that rules for frames can be set later. Rules that are there at the start turn it on." };
        var insecure = new Option<bool>("--insecure-dev-certificate") { Description = "With --tls: take any certificate of the upstream." };
        var command = new Verb("chaos", Description, Details) { listen, upstream, scenario, fault, seed, control, tls, frames, insecure };
        command.Validators.Add(result =>
        {
            if (result.GetResult(scenario) is not null && result.GetResult(fault) is not null) { result.AddError("--scenario and --fault exclude each other."); }
            if (result.GetValue(insecure) && !result.GetValue(tls)) { result.AddError("--insecure-dev-certificate goes with --tls only."); }
        });
        command.SetAction(async (parsed, interrupted) =>
        {
            ChaosScenario? play = parsed.GetValue(scenario);
            ChaosFault[] faults = parsed.GetValue(fault) ?? [];
            var options = new ChaosRunOptions
            {
                Listen = (IPEndPoint?)parsed.GetValue(listen) ?? new IPEndPoint(IPAddress.Loopback, 0),
                Upstream = parsed.GetValue(upstream)!,
                Scenario = play,
                Faults = faults,
                Seed = (ulong?)parsed.GetValue(seed) ?? play?.Seed ?? BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4)),
                ControlPort = (int)(parsed.GetValue(control) ?? 0),
                EndsTls = parsed.GetValue(tls),
                ReadsFrames = parsed.GetValue(frames) || play is { HasFrameRules: true } || faults.OfType<FrameFault>().Any(),
                TakesAnyCertificate = parsed.GetValue(insecure),
            };
            await Task.Yield();                                    // From here on Ctrl-C ends the run; before, it would end the process.
            InvocationConfiguration invocation = parsed.InvocationConfiguration;
            return await new ChaosRun(options, TimeProvider.System, invocation.Output, invocation.Error).RunAsync(interrupted);
        });
        return command;
    }

    private static Option<ChaosFault[]> FaultOption() => new("--fault")
    {
        Description = "A fault from the start on, such as latency,delay=100ms,direction=down. May be given several times.",
        HelpName = "FAULT",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = static result =>
        {
            List<ChaosFault> faults = [];
            foreach (string text in result.Tokens.Select(static token => token.Value))
            {
                try { faults.Add(ChaosFault.Parse(text)); }
                catch (FormatException wrong) { result.AddError($"--fault {text}: {wrong.Message}"); }
            }
            return [.. faults];
        },
    };

    private static Option<ChaosScenario?> ScenarioOption() => new("--scenario")
    {
        Description = "Play the scenario in this JSON file.",
        HelpName = "FILE",
        CustomParser = static result =>
        {
            string path = result.Tokens[0].Value;
            try
            {
                var file = new FileInfo(path);
                if (file.Exists && file.Length > FileBytesMax) { throw new FormatException("It is larger than 16 MiB."); }
                return ChaosScenario.FromJson(Outside.Decode(path, File.ReadAllBytes(path)));
            }
            catch (Exception wrong) when (wrong is FormatException or InvalidOperationException) { result.AddError($"--scenario {path}: {Outside.Line(wrong)}"); }
            catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException) { result.AddError($"--scenario: {path} does not exist."); }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException) { result.AddError($"--scenario: {path} can't be read."); }
            return null;
        },
    };
}
