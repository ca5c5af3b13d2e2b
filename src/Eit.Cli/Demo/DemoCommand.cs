using System.Buffers.Binary;
using System.CommandLine;
using System.Security.Cryptography;

namespace Eit.Cli.Demo;

/// <summary>The verb <c>demo</c>: shows that a conversation survives its connections.</summary>
internal static class DemoCommand
{
    private const string Description = "Send messages both ways over connections that keep dying, and show that none is lost, duplicated or reordered.";

    private const string Details = """
        A server and a client run in this process and talk over TLS, through a relay that resets connections in the middle of a frame, refuses redials and
        swallows everything for a while; the client also moves to new connections by itself. One cut in five hits a connection in the middle of such a cycle,
        which need not cost an outage. At the end, what was sent is compared with what arrived.

        Exit codes: 0 nothing was lost, duplicated or reordered, and every fault was brought about; 1 otherwise; 2 bad options.

        Example: eit demo --messages 2000 --cuts 50 --seed 7
        """;

    internal static Command Make()
    {
        var defaults = new DemoOptions();
        Option<long?> messages = WholeNumber.Option("--messages", $"How many messages go each way, at least. Default {DemoOptions.DefaultMessages}; with --input, as many as the file has lines.", 1, 10_000_000);
        Option<long?> rate = WholeNumber.Option("--rate", $"How many messages go each way in a second. Default {defaults.Rate}.", 1, 1_000_000);
        Option<long?> cuts = WholeNumber.Option("--cuts", $"How often a connection is reset in the middle of a frame. Default {defaults.Cuts}.", 0, 10_000);
        Option<long?> cycles = WholeNumber.Option("--cycles", $"How often the client moves to a new connection while the old one works. Default {defaults.Cycles}.", 0, 10_000);
        Option<long?> blackHoles = WholeNumber.Option("--blackholes", $"How often everything is swallowed until the idle time-out. Default {defaults.BlackHoles}.", 0, 1_000);
        Option<long?> size = WholeNumber.Option("--size", $"How many bytes a message has, with its number. Default {defaults.SizeBytes}.", 16, 1_000_000);
        Option<long?> seed = WholeNumber.Option("--seed", "Decides what is drawn: which faults, in which order, where they cut. Default: another one each time.", 0, long.MaxValue);
        Option<long?> slowConsumer = WholeNumber.Option("--slow-consumer", "Show another thing: a receiver that needs this many milliseconds for each message, a sender that is faster, and urgent messages that pass. With --messages, --size and --json only.", 1, 10_000);
        var json = new Option<bool>("--json") { Description = "Write nothing but one JSON object, at the end." };
        var input = new Option<IReadOnlyList<string>?>("--input")
        {
            Description = "Send the lines of this text file in place of made-up messages.",
            HelpName = "FILE",
            CustomParser = static result =>
            {
                string path = result.Tokens[0].Value;
                IReadOnlyList<string> lines = DemoInput.Read(path, out string? fault);
                if (fault is not null) { result.AddError($"--input: {path} {fault}."); }
                return lines;
            },
        };
        var command = new Verb("demo", Description, Details) { messages, rate, cuts, cycles, blackHoles, size, input, seed, slowConsumer, json };
        command.Validators.Add(result =>
        {
            bool isMixed = result.GetResult(slowConsumer) is not null && new Option[] { rate, cuts, cycles, blackHoles, input, seed }.Any(option => result.GetResult(option) is not null);
            if (isMixed) { result.AddError("--slow-consumer goes with --messages, --size and --json only."); }
        });
        command.SetAction((parsed, interrupted) =>
        {
            if (parsed.GetValue(slowConsumer) is { } milliseconds)
            {
                var time = TimeSpan.FromMilliseconds(milliseconds);
                var slow = new SlowDemoOptions(time, (int)(parsed.GetValue(messages) ?? SlowDemoOptions.MessagesFor(time)), (int)(parsed.GetValue(size) ?? defaults.SizeBytes));
                return RunAsync(slow, parsed.GetValue(json), parsed.InvocationConfiguration.Output, interrupted);
            }
            IReadOnlyList<string>? lines = parsed.GetValue(input);
            var options = new DemoOptions
            {
                Messages = (int)(parsed.GetValue(messages) ?? lines?.Count ?? DemoOptions.DefaultMessages),
                Rate = (int)(parsed.GetValue(rate) ?? defaults.Rate),
                Cuts = (int)(parsed.GetValue(cuts) ?? defaults.Cuts),
                Cycles = (int)(parsed.GetValue(cycles) ?? defaults.Cycles),
                BlackHoles = (int)(parsed.GetValue(blackHoles) ?? defaults.BlackHoles),
                SizeBytes = (int)(parsed.GetValue(size) ?? defaults.SizeBytes),
                Lines = lines,
                Seed = (ulong)(parsed.GetValue(seed) ?? DrawSeed()),
            };
            return RunAsync(options, parsed.GetValue(json), parsed.InvocationConfiguration.Output, interrupted);
        });
        return command;
    }

    private static async Task<int> RunAsync(SlowDemoOptions options, bool isJson, TextWriter output, CancellationToken interrupted)
    {
        await Task.Yield();
        var demo = new SlowDemo(options, TimeProvider.System);
        Task<SlowDemoReport> running = demo.RunAsync(interrupted);
        if (!isJson)
        {
            await output.WriteLineAsync($"A receiver that needs {options.HandlerTime.TotalMilliseconds:0} ms for each message, a sender that offers {options.Messages} as fast as they are accepted, an urgent one every 100 ms.\n");
            await DemoDisplay.EachSecondAsync(running, () => output.WriteLine(demo.Status));
        }
        SlowDemoReport report = await running;
        await output.WriteLineAsync(isJson ? report.ToJson() : "\n" + report.ToText());
        return report.ExitCode;
    }

    private static async Task<int> RunAsync(DemoOptions options, bool isJson, TextWriter output, CancellationToken interrupted)
    {
        await Task.Yield();                                        // From here on Ctrl-C ends the demo; before, it would end the process.
        var run = new DemoRun(options, TimeProvider.System);
        Task<DemoReport> running = run.RunAsync(interrupted);
        var display = new DemoDisplay(options, output, isTerminal: ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected);
        if (!isJson) { await display.FollowAsync(running, () => run.Status); }
        DemoReport report = await running;
        if (isJson) { await output.WriteLineAsync(report.ToJson()); }
        else { display.Show(report); }
        return report.ExitCode;
    }

    private static long DrawSeed() => BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4));
}
