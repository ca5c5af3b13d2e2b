using System.Diagnostics;
using System.Text.Json.Nodes;
using Eit.Cli.Serve;

namespace Eit.Cli.Tests;

public class DaemonTests
{
    [Fact]
    public async Task The_life_of_a_daemon_with_three_clients_and_three_languages_is_as_the_script_says()
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Place.Root, "tests", "Eit.Cli.Tests", "daemon.sh")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["EIT"] = $"dotnet exec {Path.Combine(AppContext.BaseDirectory, "eit.dll")}" },
        };
        using Process script = Process.Start(start)!;
        Task<string> error = script.StandardError.ReadToEndAsync();
        string output = await script.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(20));
        await script.WaitForExitAsync().Soon();

        Assert.True(script.ExitCode == 0, output + await error.Soon());
        Assert.EndsWith("All done.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_that_can_not_start_says_why_with_its_exit_code()
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        (int taken, string output, string error) = await Tool.RunAsync([.. stage.Options, "--daemon", "--log-file", stage.In("log")]);
        (int wrong, _, string wrongError) = await Tool.RunAsync("serve", "--daemon", "--dev-certificate", "--tokens", "/no/such/tokens", "--endpoints", "/a=echo");

        Assert.Equal((1, "", 2), (taken, output, wrong));
        Assert.Contains($"eit: Another server is steered at {stage.Control}.", error, StringComparison.Ordinal);
        Assert.Contains("eit: tokens: /no/such/tokens does not exist", wrongError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_takes_what_can_be_taken_and_names_the_rest_and_a_wrong_file_changes_nothing()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        string config = stage.In("eit.json");
        async Task WriteAsync(string more) => await File.WriteAllTextAsync(config, $$"""{"certificate":"cert.pem","tokens":"tokens.txt","control":"control/socket","endpoints":["/eit=echo"],{{more}}}""");
        await WriteAsync(""" "listen":"127.0.0.1:0","drainWindow":"20s" """);
        await stage.ServeExactlyAsync("serve", "--config", config);

        await WriteAsync(""" "listen":"127.0.0.1:1","drainWindow":"1s","logLevel":"debug","sessionsMax":5 """);
        (int ExitCode, string Output, string Error) taken = await Tool.RunAsync("ctl", "reload", "--json", "--control", stage.Control);
        await WriteAsync(""" "listen":"127.0.0.1:0","certificateKey":"none" """);
        (int ExitCode, string Output, string Error) refused = await Tool.RunAsync("ctl", "reload", "--control", stage.Control);
        await WriteAsync(""" "listen":"127.0.0.1:0","drainWindow":"2s" """);
        stage.Server.Signal("HUP");
        await stage.Server.SaysAsync("Keys that have changed: drainWindow, logLevel; that wait for a restart: none.");
        (int exitCode, string output, _) = await stage.Connect("/eit").EndAsync("still here\n");

        Assert.Equal((0, """{"reloaded":["drainWindow","logLevel"],"needsRestart":["listen","sessionsMax"]}""" + "\n"), (taken.ExitCode, taken.Output));
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Contains($"eit: certificate: {stage.In("cert.pem")} can't be used", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, "still here\n"), (exitCode, output));
    }

    [Fact]
    public async Task A_second_sigterm_ends_it_at_once()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        await stage.ServeExactlyAsync([.. stage.Options.Select(static option => option == "1s" ? "600s" : option), "--listen", "127.0.0.1:0"]);
        EitProcess client = stage.Connect("/echo");
        await client.SaysAsync("eit: connected");
        await stage.StatsAsync(static stats => (int)stats["connections"]! == 1);
        client.Signal("STOP");                                     // It does not answer: the server waits for it.

        stage.Server.Signal("TERM");
        await stage.Server.SaysAsync("1 sessions are told");
        using HttpClient http = stage.Http();
        using HttpResponseMessage ready = await http.GetAsync("readyz").Soon();
        stage.Server.Signal("TERM");
        int exitCode = await stage.Server.ExitedAsync();

        Assert.Equal(503, (int)ready.StatusCode);
        Assert.Equal(128 + 15, exitCode);
    }

    [Fact]
    public async Task The_file_with_the_process_is_held_by_one_server_and_what_a_killed_one_has_left_is_overwritten()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        string pidFile = stage.In("eit.pid");
        string[] alone = [.. stage.Options[..^2], "--control", "none", "--listen", "127.0.0.1:0", "--pid-file", pidFile];
        await File.WriteAllTextAsync(pidFile, "4711\nand something else that somebody has left\n");

        EitProcess first = stage.Start(environment: null, alone);
        await first.Output.ReadLineAsync().Soon();
        string held = await RunAsync("cat", pidFile);
        (int second, _, string error) = await stage.Start(environment: null, alone).EndAsync();
        first.Signal("TERM");
        int ended = await first.ExitedAsync();

        Assert.Equal($"{first.Id}\n", held);
        Assert.Equal(1, second);
        Assert.Contains($"Another server holds {pidFile}.", error, StringComparison.Ordinal);
        Assert.Equal((0, false), (ended, File.Exists(pidFile)));
    }

    [Fact]
    public async Task Metrics_are_at_the_control_socket_only_and_hold_no_secret()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        await stage.Connect("/eit").EndAsync("one\ntwo\n");

        string metrics = await RunAsync("curl", "--silent", "--fail", "--unix-socket", stage.Control, "http://localhost/metrics");
        using HttpClient http = stage.Http();
        using HttpResponseMessage outside = await http.GetAsync("metrics").Soon();

        Assert.Equal(404, (int)outside.StatusCode);
        Assert.Contains("# TYPE eit_messages_received_total counter\neit_messages_received_total 2\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain(stage.Token, metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stats_come_every_second_until_they_are_interrupted()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        EitProcess watch = stage.Start(environment: null, "ctl", "stats", "--watch", "--json", "--control", stage.Control);

        string?[] lines = [await watch.Output.ReadLineAsync().Soon(), await watch.Output.ReadLineAsync().Soon()];
        watch.Signal("INT");
        int exitCode = await watch.ExitedAsync();

        Assert.Equal(0, exitCode);
        Assert.All(lines, static line => Assert.Equal(0, (int)JsonNode.Parse(line!)!["connections"]!));
    }

    [Fact]
    public async Task Another_user_can_not_use_the_control_socket()
    {
        if (OperatingSystem.IsWindows() || Environment.UserName != "root") { return; }             // Nobody else can become another user.
        await using ServeStage stage = await ServeStage.StartAsync();
        File.SetUnixFileMode(stage.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        string[] asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "curl", "--silent", "--show-error", "--unix-socket", stage.Control, "http://localhost/drain", "--data", ""];

        string outcome = await RunAsync("sh", ["-c", "setpriv \"$@\" 2>&1; echo \"exit code $?\"", "sh", .. asNobody]);
        (int exitCode, string output, _) = await Tool.RunAsync("ctl", "status", "--json", "--control", stage.Control);

        Assert.EndsWith("exit code 7\n", outcome, StringComparison.Ordinal);    // curl's: it could not connect.
        Assert.Equal((0, "running"), (exitCode, (string)JsonNode.Parse(output)!["state"]!));
    }

    [Fact]
    public async Task An_environment_variable_wins_over_the_file_and_an_option_over_both_and_a_wrong_one_is_named()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        await File.WriteAllTextAsync(stage.In("eit.json"), """{"$schema":"x","certificate":"cert.pem","tokens":"tokens.txt","endpoints":["/a=echo"],"drainWindow":"1s","serverName":"file","logLevel":"debug"}""");
        string[] check = ["serve", "--check", "--config", stage.In("eit.json")];

        (int exitCode, string output, _) = await stage.Start(new() { ["EIT_SERVER_NAME"] = "variable", ["EIT_DRAIN_WINDOW"] = "2s", ["EIT_ENDPOINTS"] = "/b=echo\nboth /c=relay" }, [.. check, "--drain-window", "3s"]).EndAsync();
        (int wrong, _, string error) = await stage.Start(new() { ["EIT_LOG_LEVEL"] = "loud" }, check).EndAsync();

        JsonNode config = JsonNode.Parse(output)!;
        Assert.Equal((0, "variable", "3s", "debug", 2), (exitCode, (string)config["serverName"]!, (string)config["drainWindow"]!, (string)config["logLevel"]!, config["endpoints"]!.AsArray().Count));
        Assert.Equal((2, "eit: EIT_LOG_LEVEL: 'loud' is not allowed; debug or information or warning.\n"), (wrong, error));
    }

    [Fact]
    public async Task The_largest_message_that_can_be_configured_passes()
    {
        await using ServeStage stage = await ServeStage.StartAsync("--message-bytes-max", "16777216");
        string line = new('x', 12 * 1024 * 1024);

        (int exitCode, string output, _) = await stage.Connect("/eit", "--count", "1").EndAsync(line + "\n");

        Assert.Equal((0, line.Length + 1), (exitCode, output.Length));
    }

    [Fact]
    public void The_schema_for_editors_says_what_the_program_takes()
    {
        string file = Path.Combine(Place.Root, "docs", "eit.schema.json");
        string expected = ServeKeys.ToSchema().ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        if (Environment.GetEnvironmentVariable("EIT_WRITE_SCHEMA") == "1") { File.WriteAllText(file, expected); }

        Assert.Equal(expected, File.ReadAllText(file));
    }

    [Theory]
    [InlineData("--check and --daemon exclude each other.", "--check", "--daemon")]
    [InlineData("--log-file goes with --daemon only", "--log-file", "x")]
    [InlineData("--idle-timeout: '0.5s' is not allowed; seconds such as 20s, from 1s to 300s.", "--idle-timeout", "0.5s")]
    [InlineData("--endpoints: the handler 'exec:' is not known; echo or relay or exec:COMMAND.", "--endpoints", "/a=exec:")]
    public async Task A_wrong_option_is_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync(["serve", .. arguments]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync().Soon();
        await process.WaitForExitAsync().Soon();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
