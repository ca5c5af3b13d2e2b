using System.CommandLine;

namespace Eit.Cli.Soak;

/// <summary>The verb <c>soak</c>: finds out whether conversations with an echoing endpoint stay whole.</summary>
internal static class SoakCommand
{
    private const string Description = "Talk to an endpoint that echoes every message, over many connections, and check that everything comes back once, in order and in time.";

    private const string Details = """
        The endpoint must send each message back as it came, to the session that it came from: session.SendAsync(text) in a handler is enough. Whatever stands
        between (proxies, load balancers, eit chaos) may cut connections; the conversations must not suffer from it.

        Exit codes: 0 everything came back once, in order and in time; 1 something did not, or could not be sent; 2 bad options.

        Examples: eit soak --self
                  eit soak wss://example.org/echo --connections 100 --rate 20 --duration 600 --cycles 10
        """;

    internal static Command Make()
    {
        var defaults = new SoakOptions();
        Argument<Uri?> url = WssUrl.Argument(ArgumentArity.ZeroOrOne);
        var self = new Option<bool>("--self") { Description = "Start an echoing server in this process, and talk to that." };
        Option<long?> connections = WholeNumber.Option("--connections", $"How many connections. Default {defaults.Connections}.", 1, 10_000);
        Option<long?> rate = WholeNumber.Option("--rate", $"How many messages each sends in a second. Default {defaults.Rate}.", 1, 100_000);
        Option<long?> size = WholeNumber.Option("--size", $"How many bytes a message has. Default {defaults.SizeBytes}.", SoakText.SizeBytesMin, 1_000_000);
        Option<long?> duration = WholeNumber.Option("--duration", $"For how many seconds messages are sent. Default {defaults.Duration.TotalSeconds:0}.", 1, 30 * 24 * 3_600);
        Option<long?> count = WholeNumber.Option("--count", "How many messages each connection sends, in place of --duration.", 1, 1_000_000_000);
        Option<long?> cycles = WholeNumber.Option("--cycles", $"How often each connection moves to a new transport. Default {defaults.Cycles}.", 0, 10_000);
        Option<long?> delay = WholeNumber.Option("--max-delay", $"How many seconds a message may take there and back. Default {defaults.DelayMax.TotalSeconds:0}.", 1, 3_600);
        var token = new Option<string?>("--token") { Description = $"The bearer token. Others on this machine may see it there: the environment variable {TokenSource.Variable} does as well.", HelpName = "TOKEN" };
        var insecure = new Option<bool>("--insecure-dev-certificate") { Description = "Take any certificate of the server." };
        var json = new Option<bool>("--json") { Description = "Write nothing but one JSON object, at the end." };
        var command = new Verb("soak", Description, Details) { url, self, connections, rate, size, duration, count, cycles, delay, token, insecure, json };
        command.Validators.Add(result =>
        {
            string? address = result.GetResult(url)?.Tokens is [var given, ..] ? given.Value : null;
            bool hasUrl = address is not null;
            if (address?.StartsWith('-') == true) { result.AddError($"'{address}' is not known."); }
            else if (hasUrl == result.GetValue(self)) { result.AddError("Either a URL or --self is needed, and not both."); }
            if (result.GetValue(self) && (result.GetResult(token) is not null || result.GetValue(insecure))) { result.AddError("--token and --insecure-dev-certificate go with a URL only."); }
            if (result.GetResult(duration) is not null && result.GetResult(count) is not null) { result.AddError("--duration and --count exclude each other."); }
        });
        command.SetAction(async (parsed, interrupted) =>
        {
            var options = new SoakOptions
            {
                Url = parsed.GetValue(url),
                Token = parsed.GetValue(token) ?? Environment.GetEnvironmentVariable(TokenSource.Variable),
                TakesAnyCertificate = parsed.GetValue(insecure),
                Connections = (int)(parsed.GetValue(connections) ?? defaults.Connections),
                Rate = (int)(parsed.GetValue(rate) ?? defaults.Rate),
                SizeBytes = (int)(parsed.GetValue(size) ?? defaults.SizeBytes),
                Duration = parsed.GetValue(duration) is { } seconds ? TimeSpan.FromSeconds(seconds) : defaults.Duration,
                Count = (int?)parsed.GetValue(count),
                Cycles = (int)(parsed.GetValue(cycles) ?? defaults.Cycles),
                DelayMax = parsed.GetValue(delay) is { } most ? TimeSpan.FromSeconds(most) : defaults.DelayMax,
            };
            await Task.Yield();                                    // From here on Ctrl-C ends the soak; before, it would end the process.
            return await RunAsync(options, parsed.GetValue(json), parsed.InvocationConfiguration.Output, interrupted);
        });
        return command;
    }

    private static async Task<int> RunAsync(SoakOptions options, bool isJson, TextWriter output, CancellationToken interrupted)
    {
        var run = new SoakRun(options, TimeProvider.System);
        Task<SoakReport> running = run.RunAsync(interrupted);
        var display = new SoakDisplay(options, output, isTerminal: ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected);
        if (!isJson) { await display.FollowAsync(running, () => run.Status); }
        SoakReport report = await running;
        if (isJson) { await output.WriteLineAsync(report.ToJson()); }
        else { display.Show(report); }
        return report.ExitCode;
    }
}
