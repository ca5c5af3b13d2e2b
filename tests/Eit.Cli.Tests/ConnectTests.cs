using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Eit.Chaos;
using Eit.Chaos.Faults;
using Eit.Cli.Connect;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;
using Eit.Testing;

namespace Eit.Cli.Tests;

public class ConnectTests
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted, AcceptWithin = Timeout.InfiniteTimeSpan };

    [Fact]
    public async Task A_hundred_thousand_lines_come_back_once_and_in_order_through_a_proxy_that_cuts()
    {
        await using OwnServer server = await StartEchoAsync();
        await using ChaosProxy proxy = ChaosProxy.Start(new ChaosProxyOptions { Upstream = new IPEndPoint(IPAddress.Loopback, server.Port) });
        string lines = string.Concat(Enumerable.Range(1, 100_000).Select(static number => string.Create(CultureInfo.InvariantCulture, $"{number}\n")));
        await using EitProcess eit = EitProcess.Start(
            new Dictionary<string, string> { ["EIT_TOKEN"] = server.IssueToken("ada") },
            "connect", $"wss://127.0.0.1:{proxy.EndPoint.Port}{OwnServer.Path}", "--certificate-sha256", server.CertificateSha256);
        using var stop = new CancellationTokenSource();

        Task cutting = proxy.CutEverySecondAsync(stop.Token);
        (int exitCode, string output, string error) = await eit.EndAsync(lines, TimeSpan.FromMinutes(15));
        await stop.CancelAsync();
        await cutting;

        Assert.Equal(0, exitCode);
        Assert.Equal(lines, output);
        Assert.Contains("connected again; nothing is lost", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_of_a_file_and_of_the_environment_is_used_and_is_not_in_the_process_list()
    {
        await using OwnServer server = await StartEchoAsync();
        string token = server.IssueToken("ada");
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, token + "\n");
        await using EitProcess fromFile = Connect(server, environment: null, "--token-file", file, "--once");
        await using EitProcess fromEnvironment = Connect(server, new() { ["EIT_TOKEN"] = token }, "--once");

        string[] commandLines = [.. new[] { fromFile, fromEnvironment }.Select(static eit => File.Exists("/proc/self/cmdline") ? File.ReadAllText($"/proc/{eit.Id}/cmdline") : "")];
        (int ExitCode, string Output, string Error) first = await fromFile.EndAsync("from a file\n");
        (int ExitCode, string Output, string Error) second = await fromEnvironment.EndAsync("from the environment\n");
        File.Delete(file);

        Assert.All(commandLines, line => Assert.DoesNotContain(token, line, StringComparison.Ordinal));
        Assert.Equal((0, "from a file\n"), (first.ExitCode, first.Output));
        Assert.Equal((0, "from the environment\n"), (second.ExitCode, second.Output));
        Assert.DoesNotContain(token, first.Error + second.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--text", "a\r\n\nlast", "a\r\n\nlast\n")]
    [InlineData("--json", "{\"b\":[1]}\nno json\n", "{\n  \"b\": [\n    1\n  ]\n}\nno json\n")]
    public async Task Lines_are_sent_and_printed_as_the_options_say(string option, string input, string expected)
    {
        await using OwnServer server = await StartEchoAsync();

        (int exitCode, string output, _) = await RunAsync(server, input, options => options with
        {
            IsJson = option == "--json",
            Payload = option switch { "--base64" => ConnectPayload.Base64, "--binary" => ConnectPayload.Binary, _ => ConnectPayload.Text },
        });

        Assert.Equal((0, expected), (exitCode, output));
    }

    [Fact]
    public async Task What_a_message_does_to_a_terminal_is_not_done()
    {
        await using OwnServer server = await StartEchoAsync();

        (_, string output, _) = await RunAsync(server, "\u001b[2Jgone\n", static options => options, isTerminal: true);

        Assert.Equal("\\u001B[2Jgone\n", output);
    }

    [Theory]
    [InlineData("\u0000\n", "Line 1 is not base64.")]
    [InlineData("AP8=\nno\n", "Line 2 is not base64.")]
    public async Task A_line_that_is_not_what_it_should_be_is_named_and_ends_with_exit_code_1(string input, string says)
    {
        await using OwnServer server = await StartEchoAsync();

        (int exitCode, _, string error) = await RunAsync(server, input, static options => options with { Payload = ConnectPayload.Base64 });

        Assert.Equal(1, exitCode);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_token_ends_it_with_exit_code_1()
    {
        await using OwnServer server = await StartEchoAsync();

        (int exitCode, _, string error) = await RunAsync(server, "x\n", static options => options with { Token = new TokenSource("wrong", File: null) });
        (int plainCode, _, string plainError) = await RunAsync(server, "x\n", static options => options with { Token = new TokenSource("wrong", File: null), IsPlain = true });

        Assert.Equal((1, 1), (exitCode, plainCode));
        Assert.Contains("The server answered HTTP 401.", error, StringComparison.Ordinal);
        Assert.Contains("The server answered HTTP 401.", plainError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_come_in_time_ends_it_with_exit_code_1()
    {
        await using OwnServer server = await StartEchoAsync();

        var time = new ManualTimeProvider();
        var output = new Pipe();
        using var error = new StringWriter();
        using var lines = new MemoryStream("one\n"u8.ToArray());

        Task<int> run = new ConnectRun(Options(server) with { Count = 2, Timeout = TimeSpan.FromSeconds(1) }, time, lines, output.Writer.AsStream(), error, isTerminal: false).RunAsync(CancellationToken.None);
        ReadResult read = await output.Reader.ReadAtLeastAsync(4).AsTask().Soon();
        time.Advance(TimeSpan.FromSeconds(0.999));
        bool isEarly = run.IsCompleted;
        time.Advance(TimeSpan.FromSeconds(0.001));
        int exitCode = await run.Soon();

        Assert.Equal("one\n", Encoding.UTF8.GetString(read.Buffer));
        Assert.Equal((1, false), (exitCode, isEarly));
        Assert.Contains("It was not done within 1 s.", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("URL", "connect")]
    [InlineData("The URL begins with wss://, not 'ws://x'.", "connect", "ws://x")]
    [InlineData("--token and --token-file exclude each other.", "connect", "wss://x", "--token", "a", "--token-file", "/")]
    [InlineData("--token-file: /no/such/file does not exist.", "connect", "wss://x", "--token-file", "/no/such/file")]
    [InlineData("--binary and --base64 exclude each other.", "connect", "wss://x", "--binary", "--base64")]
    [InlineData("--once and --count exclude each other.", "connect", "wss://x", "--once", "--count", "2")]
    [InlineData("--count takes a whole number", "connect", "wss://x", "--count", "0")]
    [InlineData("--timeout takes a whole number", "connect", "wss://x", "--timeout", "soon")]
    [InlineData("--certificate-sha256 takes 64 hexadecimal digits.", "connect", "wss://x", "--certificate-sha256", "ab")]
    [InlineData("--client-certificate: /no/such/file can't be used", "connect", "wss://x", "--client-certificate", "/no/such/file")]
    [InlineData("'--bogus' is not known.", "connect", "--bogus")]
    public async Task Bad_options_are_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    private static Task<OwnServer> StartEchoAsync() =>
        OwnServer.StartAsync(new SessionSettings(), TimeProvider.System, static async (session, text) => await session.SendAsync(text, s_accepted), CancellationToken.None);

    private static EitProcess Connect(OwnServer server, Dictionary<string, string>? environment, params string[] more) =>
        EitProcess.Start(environment, ["connect", $"wss://127.0.0.1:{server.Port}{OwnServer.Path}", "--certificate-sha256", server.CertificateSha256, .. more]);

    private static ConnectOptions Options(OwnServer server) => new()
    {
        Url = new Uri($"wss://127.0.0.1:{server.Port}{OwnServer.Path}"),
        Token = new TokenSource(server.IssueToken("ada"), File: null),
        PinnedCertificateSha256 = server.CertificateSha256,
    };

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(OwnServer server, string input, Func<ConnectOptions, ConnectOptions> configure, bool isTerminal = false)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var lines = new MemoryStream(Encoding.UTF8.GetBytes(input));
        int exitCode = await new ConnectRun(configure(Options(server)), TimeProvider.System, lines, output, error, isTerminal).RunAsync(CancellationToken.None).Soon();
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
