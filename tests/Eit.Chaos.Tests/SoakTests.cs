using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Eit.Chaos.Faults;
using Eit.Cli;
using Eit.Cli.Soak;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;

namespace Eit.Chaos.Tests;

public class SoakTests
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_soak_against_a_server_of_its_own_finds_nothing()
    {
        (int exitCode, string output, string error) = await RunAsync("soak", "--self", "--json", "--connections", "3", "--count", "40", "--rate", "100", "--cycles", "2", "--size", "1000");

        Assert.True(exitCode == 0, output + error);
        JsonElement report = JsonElement.Parse(output);
        Assert.Equal(120, report.GetProperty("messages").GetProperty("sent").GetInt32());
        Assert.Equal(120, report.GetProperty("messages").GetProperty("received").GetInt32());
        Assert.Equal(6, report.GetProperty("cycles").GetInt32());
        Assert.InRange(report.GetProperty("delayMaxMs").GetDouble(), 0.01, 30_000);
    }

    [Fact]
    public async Task Cycles_come_to_their_end_also_where_all_messages_are_back_before()
    {
        (int exitCode, string output, string error) = await RunAsync("soak", "--self", "--json", "--connections", "2", "--count", "2", "--rate", "1000", "--cycles", "3");

        Assert.True(exitCode == 0, output + error);
        Assert.Equal(6, JsonElement.Parse(output).GetProperty("cycles").GetInt32());
    }

    [Fact]
    public async Task A_soak_says_in_words_what_it_found()
    {
        (int exitCode, string output, string error) = await RunAsync("soak", "--self", "--connections", "1", "--count", "3", "--rate", "100");

        Assert.True(exitCode == 0, output + error);
        Assert.Contains("3 messages sent, 3 came back", output, StringComparison.Ordinal);
        Assert.Contains("Every message came back once, in order and in time.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_soak_through_a_proxy_that_cuts_finds_nothing_and_counts_the_resumes()
    {
        await using OwnServer server = await StartAsync(static (session, text) => session.SendAsync(text, s_accepted));
        await using ChaosProxy proxy = ChaosProxy.Start(new ChaosProxyOptions { Upstream = new IPEndPoint(IPAddress.Loopback, server.Port) });
        proxy.Add(new CutFault { AfterBytes = 12_000, Direction = ChaosDirection.Down });    // Each one, after a good part of what it has to bring.

        (int exitCode, string output, string error) = await RunAsync(Arguments(server, proxy.Port, "--connections", "3", "--count", "150", "--rate", "100"));

        Assert.True(exitCode == 0, output + error);
        JsonElement report = JsonElement.Parse(output);
        Assert.Equal(450, report.GetProperty("messages").GetProperty("received").GetInt32());
        Assert.InRange(report.GetProperty("resumes").GetInt32(), 3, int.MaxValue);
    }

    [Theory]
    [InlineData("lost", 9)]
    [InlineData("duplicated", 11)]
    [InlineData("altered", 11)]
    [InlineData("reordered", 10)]
    public async Task An_endpoint_that_does_wrong_is_found_out(string wrong, int echoes)
    {
        var held = new ConcurrentQueue<string>();
        int count = 0;
        await using OwnServer server = await StartAsync(async (session, text) =>
        {
            bool isFifth = Interlocked.Increment(ref count) == 5;
            if (isFifth && wrong == "lost") { return; }
            if (isFifth && wrong == "reordered") { held.Enqueue(text); return; }
            await session.SendAsync(text, s_accepted);
            if (isFifth && wrong == "duplicated") { await session.SendAsync(text, s_accepted); }
            if (isFifth && wrong == "altered") { await session.SendAsync("what is this?", s_accepted); }
            while (held.TryDequeue(out string? late)) { await session.SendAsync(late, s_accepted); }
        });

        // What is lost is waited for until it would be late; a busy machine must not make others late.
        var time = new ManualTimeProvider();
        var options = new SoakOptions { Url = Url(server.Port), Token = server.IssueToken("ada"), TakesAnyCertificate = true, Connections = 1, Count = 10, Rate = 1_000, DelayMax = TimeSpan.FromMinutes(10) };
        var run = new SoakRun(options, time);
        Task<SoakReport> running = run.RunAsync(CancellationToken.None);
        await Patience.UntilAsync(() =>
        {
            time.Advance(run.Status.Messages.Received == echoes ? s_second : TimeSpan.FromMilliseconds(1));
            return running.IsCompleted;
        });
        SoakReport report = await running;

        Assert.Equal(1, report.ExitCode);
        JsonElement messages = JsonElement.Parse(report.ToJson()).GetProperty("messages");
        Assert.Equal(1, messages.GetProperty(wrong).GetInt32());
        Assert.Equal(1, ((string[])["lost", "duplicated", "reordered", "altered", "late"]).Sum(name => messages.GetProperty(name).GetInt32()));
    }

    [Fact]
    public async Task An_endpoint_that_ends_sessions_is_found_out()
    {
        await using OwnServer server = await StartAsync(static async (session, text) =>
        {
            await session.SendAsync(text, s_accepted);
            if (text.Contains(" 5 ", StringComparison.Ordinal)) { session.Abort(Protocol.Wire.CloseCode.Forbidden, "enough"); }
        });

        (int exitCode, string output, _) = await RunAsync(Arguments(server, server.Port, "--connections", "1", "--count", "5", "--rate", "1000"));

        Assert.Equal(1, exitCode);
        Assert.Contains("Forbidden", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_history_counts_what_is_late_and_what_never_was()
    {
        var time = new ManualTimeProvider();
        var history = new SoakHistory(connection: 1, s_second, time, new DelayHistogram());
        for (int i = 0; i < 4; i++) { history.Sending(); }
        history.NotSent(4);

        history.Arrived(SoakText.Make(1, 1, 100));
        time.Advance(s_second + TimeSpan.FromTicks(1));
        history.Arrived(SoakText.Make(1, 2, 100));
        history.Arrived(SoakText.Make(1, 9, 100));
        history.Arrived(SoakText.Make(2, 3, 100));
        history.Arrived(SoakText.Make(1, 2, 100));
        history.Arrived(SoakText.Make(1, 1, 100).Replace('#', '?'));

        Assert.Equal(new SoakTally(Sent: 3, Received: 6, Lost: 1, Duplicated: 1, Reordered: 0, Altered: 3, Late: 1), history.Tally);
        Assert.False(history.Tally.IsPerfect);
    }

    [Theory]
    [InlineData(48)]
    [InlineData(100)]
    [InlineData(100_000)]
    public void A_message_has_its_size_its_number_and_a_checksum(int size)
    {
        string text = SoakText.Make(3, 17, size);

        Assert.Equal(size, text.Length);
        Assert.Equal(17, SoakText.NumberOf(3, text));
        Assert.Null(SoakText.NumberOf(4, text));
        Assert.Null(SoakText.NumberOf(3, text[..^1]));
        Assert.Null(SoakText.NumberOf(3, ""));
    }

    [Fact]
    public void Quantiles_are_right_to_a_fiftieth()
    {
        var delays = new DelayHistogram();
        TimeSpan none = delays.Quantile(0.5);
        for (int i = 1; i <= 1_000; i++) { delays.Add(TimeSpan.FromMilliseconds(i)); }

        Assert.Equal(TimeSpan.Zero, none);
        Assert.InRange(delays.Quantile(0.5).TotalMilliseconds, 490, 511);
        Assert.InRange(delays.Quantile(0.99).TotalMilliseconds, 970, 1_000);
        Assert.Equal(1_000, delays.Quantile(1).TotalMilliseconds);
        Assert.Equal(1_000, delays.Longest.TotalMilliseconds);
    }

    [Theory]
    [InlineData("Either a URL or --self is needed", "soak")]
    [InlineData("Either a URL or --self is needed", "soak", "--self", "wss://localhost/x")]
    [InlineData("The URL begins with wss://, not 'ws://localhost/x'.", "soak", "ws://localhost/x")]
    [InlineData("The URL begins with wss://, not 'bogus'.", "soak", "bogus")]
    [InlineData("--duration and --count exclude each other.", "soak", "--self", "--duration", "1", "--count", "1")]
    [InlineData("--token and --insecure-dev-certificate go with a URL only.", "soak", "--self", "--token", "x")]
    [InlineData("--size takes a whole number from 48 to 1000000, not '10'.", "soak", "--self", "--size", "10")]
    [InlineData("--connections takes a whole number from 1 to 10000, not '0'.", "soak", "--self", "--connections", "0")]
    [InlineData("'--bogus' is not known.", "soak", "--self", "--bogus")]
    public async Task Bad_options_are_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);

        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    private static Task<OwnServer> StartAsync(Func<EitSession, string, ValueTask<SendOutcome>> echo) => StartAsync(async (session, text) => { await echo(session, text); });

    private static Task<OwnServer> StartAsync(Func<EitSession, string, Task> onMessage) =>
        OwnServer.StartAsync(new SessionSettings(), TimeProvider.System, async (session, text) => await onMessage(session, text), CancellationToken.None);

    private static Uri Url(int port) => new($"wss://127.0.0.1:{port}{OwnServer.Path}");

    private static string[] Arguments(OwnServer server, int port, params string[] more) =>
        ["soak", Url(port).ToString(), "--token", server.IssueToken("ada"), "--insecure-dev-certificate", "--json", .. more];

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await Program.RunAsync(arguments, output, error).Soon();
        return (exitCode, output.ToString(), error.ToString());
    }
}
