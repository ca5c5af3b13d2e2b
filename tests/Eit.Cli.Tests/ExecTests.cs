using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Eit.Chaos;
using Eit.Cli.Serve;
using Eit.Cli.Serve.Exec;
using Eit.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Cli.Tests;

public class ExecTests
{
    [Fact]
    public async Task A_hundred_thousand_lines_through_a_command_and_a_proxy_that_cuts_every_second_come_back_as_they_were()
    {
        await using ServeStage stage = await ServeStage.StartAsync("--endpoints", $"/exec=exec:sh {Place.Sample("echo.sh")}");
        await using ChaosProxy proxy = ChaosProxy.Start(new ChaosProxyOptions { Upstream = new IPEndPoint(IPAddress.Loopback, stage.Port) });
        string lines = string.Concat(Enumerable.Range(1, 100_000).Select(static number => string.Create(CultureInfo.InvariantCulture, $"{number} \"ä\\\t\u0001\n")));
        EitProcess client = stage.Start(new() { ["EIT_TOKEN"] = stage.Token }, "connect", $"wss://127.0.0.1:{proxy.EndPoint.Port}/exec", "--certificate-sha256", stage.CertificateSha256, "--count", "100000");
        using var stop = new CancellationTokenSource();

        Task cutting = proxy.CutEverySecondAsync(stop.Token);
        Task<(int ExitCode, string Output, string Error)> talk = client.EndAsync(lines, TimeSpan.FromMinutes(15));
        (int exitCode, string output, string error) = await talk;
        await stop.CancelAsync();
        await cutting;

        Assert.Equal((0, true), (exitCode, lines == output));
        Assert.Contains("connected again; nothing is lost", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examples_in_shell_perl_and_php_answer_and_bytes_come_back_as_bytes()
    {
        await using ServeStage stage = await ServeStage.StartAsync(
            "--endpoints", $"/sh=exec:sh {Place.Sample("echo.sh")}", "--endpoints", $"both /chat/{{room}}=exec:perl {Place.Sample("chat.pl")}", "--endpoints", $"/php=exec:php {Place.Sample("count.php")}");
        EitProcess ada = stage.Connect("/chat/a");
        await ada.SaysAsync("eit: connected");
        await ada.Input.WriteLineAsync("is anybody there?");             // Handled: she is a member before the other one comes.
        await stage.StatsAsync(static stats => (long)stats["messagesReceived"]! == 1);
        (int ExitCode, string Output, string Error) shell = await stage.Connect("/sh", "--base64", "--count", "2").EndAsync("AP8=\n\n");
        (int ExitCode, string Output, string Error) php = await stage.Connect("/php", "--count", "2").EndAsync("x\ny\n");

        EitProcess other = stage.Connect("/chat/a", "--plain");
        List<string?> seen = [await ada.Output.ReadLineAsync().Soon()];
        await other.SaysAsync("eit: connected");
        await ada.Input.WriteLineAsync("hello");
        string? heard = await other.Output.ReadLineAsync().Soon();
        while (heard is "ada has come." or "ada: is anybody there?") { heard = await other.Output.ReadLineAsync().Soon(); }   // The command may say it late.
        await other.EndAsync();
        seen.Add(await ada.Output.ReadLineAsync().Soon());
        await ada.Input.WriteLineAsync("/bye");
        int left = await ada.ExitedAsync();

        Assert.Equal((0, "AP8=\n\n"), (shell.ExitCode, shell.Output));
        Assert.Equal((0, "ada: 1\nada: 2\n"), (php.ExitCode, php.Output));
        Assert.Equal(["ada has come.", "ada has gone."], seen);
        Assert.Equal("ada: hello", heard);
        Assert.Equal(1, left);
        Assert.Contains("Bye.", ada.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_dies_is_started_again_and_told_who_is_there_and_no_message_is_passed_over()
    {
        // It answers the second message by dying before it has read the third one.
        await using ServeStage stage = await ServeStage.MakeAsync();
        await File.WriteAllTextAsync(stage.In("once.sh"), """
            echo start >> starts
            while read -r line; do
                echo "$line" >> lines
                case "$line" in *'"text":"die"'*) exit 3;; esac
                printf '%s\n' "$line" | sed -n 's/^{"event":"message",/{"action":"send",/p'
            done
            """);
        await File.WriteAllTextAsync(stage.In("eit.json"), """{"certificate":"cert.pem","tokens":"tokens.txt","control":"control/socket","listen":"127.0.0.1:0","drainWindow":"1s","endpoints":["/once=exec:sh once.sh"]}""");
        await stage.ServeExactlyAsync("serve", "--config", stage.In("eit.json"));
        EitProcess client = stage.Connect("/once", "--count", "2");

        await client.Input.WriteLineAsync("one");
        string? one = await client.Output.ReadLineAsync().Soon();
        await client.Input.WriteLineAsync("die");
        await stage.Server.SaysAsync("The command of /once has ended with exit code 3");
        (int exitCode, string two, _) = await client.EndAsync("two\n");
        stage.Server.Signal("TERM");
        await stage.Server.ExitedAsync();                               // With its command, which writes into the folder.
        string[] told = [.. (await File.ReadAllLinesAsync(stage.In("lines"))).Take(6).Select(static line => (string)JsonNode.Parse(line)!["event"]!)];

        Assert.Equal((0, "one", "two\n"), (exitCode, one, two));
        Assert.Equal(["connect", "message", "message", "connect", "message"], told.Take(5));
        Assert.Equal(2, (await File.ReadAllLinesAsync(stage.In("starts"))).Length);
    }

    [Fact]
    public async Task A_command_that_does_not_read_holds_its_clients_up_and_the_server_keeps_nothing_for_it()
    {
        await using ServeStage stage = await ServeStage.StartAsync("--endpoints", "/deaf=exec:sleep 600");
        string line = new('x', 10_000);
        EitProcess client = stage.Connect("/deaf");

        Task<(int ExitCode, string Output, string Error)> talk = client.EndAsync(string.Concat(Enumerable.Repeat(line + "\n", 2_000)));
        await stage.StatsAsync(static stats => (long)stats["messagesReceived"]! >= 5);
        (int other, string answer, _) = await stage.Connect("/echo", "--once").EndAsync("meanwhile\n");
        JsonNode stats = await stage.StatsAsync(static _ => true);
        bool hasEnded = talk.IsCompleted;
        client.Signal("KILL");
        await talk;
        stage.Server.Signal("TERM");

        Assert.Equal((0, "meanwhile\n"), (other, answer));
        Assert.InRange((long)stats["messagesReceived"]!, 5, 20);        // What the pipe holds: 64 KiB.
        Assert.False(hasEnded);
        Assert.Equal(0, await stage.Server.ExitedAsync());
    }

    [Fact]
    public async Task Who_does_not_take_what_a_command_sends_is_closed_and_nobody_else_notices()
    {
        // A flood for whoever says "flood", far beyond what an outbox and what may wait beside it hold.
        await using ServeStage stage = await ServeStage.MakeAsync();
        await File.WriteAllTextAsync(stage.In("flood.pl"), """
            $| = 1; use JSON::PP; my $block = 'x' x 100_000;
            while (<STDIN>) {
                my $e = decode_json($_); next if $e->{event} ne 'message';
                for (1 .. ($e->{text} eq 'flood' ? 200 : 1)) { print encode_json({action => 'send', id => $e->{id}, text => $e->{text} eq 'flood' ? $block : $e->{text}}), "\n" }
            }
            """);
        await stage.ServeAsync("--endpoints", $"/flood=exec:perl {stage.In("flood.pl")}");
        EitProcess other = stage.Connect("/flood");
        EitProcess slow = stage.Connect("/flood");                      // Nobody reads its output, so that it stops to take.
        await slow.SaysAsync("eit: connected");

        await slow.Input.WriteLineAsync("flood");
        await stage.Server.SaysAsync("it does not take what the command sends to it");
        await other.Input.WriteLineAsync("still here");
        string? answer = await other.Output.ReadLineAsync().Soon();

        Assert.Equal("still here", answer);
    }

    [Fact]
    public async Task A_command_that_has_read_nothing_for_a_minute_is_ended_and_the_next_one_gets_the_line()
    {
        string folder = Directory.CreateTempSubdirectory("eit").FullName;
        var time = new ManualTimeProvider();
        await using ServiceProvider services = new ServiceCollection().AddLogging().AddEit().BuildServiceProvider();
        var counters = new ServeCounters();
        var log = new ServeLog(NullLogger<ServeLog>.Instance);
        var served = ServeEndpoint.Parse("/x=exec:if [ -e deaf ]; then exec cat > got; else touch deaf; exec sleep 600; fi", folder);
        var endpoint = new ExecEndpoint(served, new ServeConfig { Control = null }, services.GetRequiredService<EitSessions>(), counters, log, time);
        byte[] line = new byte[300_000];                                // More than a pipe holds.
        line.AsSpan().Fill((byte)'x');

        endpoint.Start();
        Task telling = endpoint.TellAsync(line).AsTask();
        using var limit = new CancellationTokenSource(Patience.Limit);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!telling.IsCompleted && await tick.WaitForNextTickAsync(limit.Token))
        {
            bool isDeaf = counters.ExecStarts < 2;                       // The next one may take its time to begin, also on a busy machine.
            if (File.Exists(Path.Combine(folder, "deaf"))) { time.Advance(isDeaf ? TimeSpan.FromSeconds(61) : TimeSpan.FromMilliseconds(10)); }
        }
        await telling;
        await endpoint.DisposeAsync().AsTask().Soon();
        byte[] got = await File.ReadAllBytesAsync(Path.Combine(folder, "got"));
        Directory.Delete(folder, recursive: true);

        Assert.InRange(counters.ExecStarts, 2, long.MaxValue);
        Assert.Equal(line, got);
    }

    [Theory]
    [InlineData("""{"action":"send","id":"a","text":"t","more":1}""", null)]
    [InlineData("""{"action":"send","id":"a","base64":"AP8="}""", null)]
    [InlineData("""{"action":"broadcast","text":"t","channel":"/a","except":"b"}""", null)]
    [InlineData("""{"action":"close","id":"a"}""", null)]
    [InlineData("""{"action":"send","text":"t"}""", "it has no id")]
    [InlineData("""{"action":"send","id":"a"}""", "it has not one of text and base64")]
    [InlineData("""{"action":"send","id":"a","text":"t","base64":"AP8="}""", "it has not one of text and base64")]
    [InlineData("""{"event":"connect","id":"a"}""", "its action is none of send, broadcast and close")]
    [InlineData("""{"action":1}""", "it is not the JSON of an action")]
    [InlineData("[1]", "it is no object")]
    [InlineData("hello", "it is not the JSON of an action")]
    public void A_line_is_an_action_or_it_is_said_why_not(string line, string? fault)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(line);

        Assert.Equal(fault, Record.Exception(() => ExecAction.Parse(bytes))?.Message);
    }
}
