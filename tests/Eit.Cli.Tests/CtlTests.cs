using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Eit.Cli.Ctl;

namespace Eit.Cli.Tests;

public class CtlTests
{
    [Fact]
    public async Task Clients_are_listed_shown_written_to_closed_and_asked_to_leave()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        EitProcess eit = stage.Connect("/rooms/a");
        EitProcess plain = stage.Connect("/rooms/a", "--plain");
        EitProcess alone = stage.Connect("/eit");
        await stage.StatsAsync(static stats => (int)stats["connections"]! == 3);

        JsonArray inRoom = JsonNode.Parse((await CtlAsync(stage, "connections", "--channel", "/rooms/a", "--json")).Output)!.AsArray();
        string id = (string)JsonNode.Parse((await CtlAsync(stage, "connections", "--channel", "/eit", "--user", "ada", "--json")).Output)![0]!["id"]!;
        (int ExitCode, string Output, string Error) shown = await CtlAsync(stage, "show", id[..12]);
        (int ExitCode, string Output, string Error) sent = await CtlAsync(stage, "send", id, "to one");
        (int ExitCode, string Output, string Error) broadcast = await CtlAsync(stage, "broadcast", "--channel", "/rooms/a", "to the room");
        (int ExitCode, string Output, string Error) channels = await CtlAsync(stage, "channels");
        List<string?> got = [await alone.Output.ReadLineAsync().Soon(), await eit.Output.ReadLineAsync().Soon(), await plain.Output.ReadLineAsync().Soon()];
        (int ExitCode, string Output, string Error) closed = await CtlAsync(stage, "close", id, "--reason", "Enough.");
        int closedClient = await alone.ExitedAsync();
        (int ExitCode, string Output, string Error) stats = await CtlAsync(stage, "stats");
        (int ExitCode, string Output, string Error) status = await CtlAsync(stage, "status", "--json");
        (int ExitCode, string Output, string Error) drained = await CtlAsync(stage, "drain");
        int server = await stage.Server.ExitedAsync();
        (int ExitCode, string Output, string Error) late = await CtlAsync(stage, "status");

        Assert.Equal(["eit", "plain"], inRoom.Select(static one => (string)one!["client"]!).Order());
        Assert.All(inRoom, static one => Assert.Equal("ada", (string)one!["user"]!));
        Assert.Contains($"id: {id}\nuser: ada\nchannel: /eit\nclient: eit\nstate: connected\n", shown.Output, StringComparison.Ordinal);
        Assert.Equal((0, $"sent: {id}\n"), (sent.ExitCode, sent.Output));
        Assert.Equal((0, "accepted: 2\nrefused: 0\n"), (broadcast.ExitCode, broadcast.Output));
        Assert.Contains("\nagent: eit-dotnet/", shown.Output, StringComparison.Ordinal);
        Assert.Equal("channel   connections\n/eit      1\n/rooms/a  2\n", channels.Output);
        Assert.Equal(["to one", "to the room", "to the room"], got);
        Assert.Equal((0, 1), (closed.ExitCode, closedClient));
        Assert.Contains("Enough.", alone.ErrorText, StringComparison.Ordinal);
        Assert.Contains("connections: 2\naway: 0\nplain: 1\n", stats.Output, StringComparison.Ordinal);
        Assert.Equal("running", (string)JsonNode.Parse(status.Output)!["state"]!);
        Assert.Equal((0, 0), (drained.ExitCode, server));
        Assert.Equal((3, ""), (late.ExitCode, late.Output));
        Assert.Contains("No server is steered at", late.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(stage.Token, shown.Output + status.Output + stats.Output, StringComparison.Ordinal);
    }

    [Fact, Clause("E1.6")]
    public async Task Connections_are_counted_by_what_their_clients_call_themselves()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        (int ExitCode, string Output, string Error) nobody = await CtlAsync(stage, "agents");
        stage.Connect("/rooms/a");
        stage.Connect("/rooms/a", "--plain");
        stage.Connect("/eit");
        await stage.StatsAsync(static stats => (int)stats["connections"]! == 3);

        JsonArray agents = JsonNode.Parse((await CtlAsync(stage, "agents", "--json")).Output)!.AsArray();

        Assert.Equal("none\n", nobody.Output);
        Assert.Equal([("eit-dotnet", 2), ("(plain)", 1)], agents.Select(static agent => (((string)agent!["agent"]!).Split('/')[0], (int)agent["connections"]!)));
    }

    [Fact]
    public async Task What_the_server_refuses_is_one_line_and_exit_code_1()
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        (int ExitCode, string Output, string Error)[] refused = [await CtlAsync(stage, "show", "0123"), await CtlAsync(stage, "send", "0", "x"), await CtlAsync(stage, "close", new string('0', 32))];
        (int ExitCode, string Output, string Error) nobody = await CtlAsync(stage, "connections");

        Assert.All(refused, static run => Assert.Equal((1, ""), (run.ExitCode, run.Output)));
        Assert.All(refused, static run => Assert.StartsWith("eit: There is no connection '0", run.Error, StringComparison.Ordinal));
        Assert.Equal((0, "none\n"), (nobody.ExitCode, nobody.Output));
    }

    [Fact]
    public async Task The_control_speaks_http_to_curl_and_to_perl()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        EitProcess client = stage.Connect("/eit", "--count", "2");
        await client.SaysAsync("eit: connected");

        await RunAsync("curl", "--silent", "--fail", "--unix-socket", stage.Control, "http://localhost/messages", "--data-binary", "from curl");
        await RunAsync("perl", "-MIO::Socket::UNIX", "-e", """
            my $s = IO::Socket::UNIX->new(Peer => shift) or die; my $m = "from perl";
            print $s "POST /messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " . length($m) . "\r\n\r\n$m";
            exit((<$s> =~ / 200 /) ? 0 : 1);
            """, stage.Control);
        (int exitCode, string output, _) = await client.EndAsync();

        Assert.Equal((0, "from curl\nfrom perl\n"), (exitCode, output));
    }

    [Fact]
    public async Task Asking_again_and_again_ends_well_when_it_is_interrupted_in_the_middle_of_an_answer()
    {
        if (OperatingSystem.IsWindows()) { return; }                // It knows no such modes.
        await using ServeStage stage = await ServeStage.MakeAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(stage.Control)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(stage.Control));
        listener.Listen();
        using var interrupted = new CancellationTokenSource();
        using var output = new StringWriter();
        using var error = new StringWriter();

        Task<int> asking = new CtlCall(HttpMethod.Get, "/stats") { Repeats = true }.RunAsync(stage.Control, isNamed: true, isJson: true, output, error, interrupted.Token);
        using Socket asked = await listener.AcceptAsync().Soon();
        await asked.ReceiveAsync(new byte[1]).Soon();                // It has asked, and waits.
        await interrupted.CancelAsync();

        Assert.Equal(0, await asking.Soon());
        Assert.Equal(("", ""), (output.ToString(), error.ToString()));
    }

    [Fact]
    public async Task The_socket_s_folder_is_the_owner_s_and_one_that_others_can_get_at_is_refused()
    {
        if (OperatingSystem.IsWindows()) { return; }                // It knows no such modes.
        await using ServeStage stage = await ServeStage.StartAsync();
        string open = stage.In("open");
        Directory.CreateDirectory(open, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

        UnixFileMode mode = File.GetUnixFileMode(Path.GetDirectoryName(stage.Control)!);
        (int served, _, string error) = await stage.Start(environment: null, [.. stage.Options[..^2], "--listen", "127.0.0.1:0", "--control", Path.Combine(open, "socket")]).EndAsync();
        (int asked, _, _) = await Tool.RunAsync("ctl", "status", "--control", Path.Combine(open, "socket"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, mode);
        Assert.Equal((1, 3), (served, asked));
        Assert.Contains($"Others can get at {open}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_at_one_socket_refuses_and_a_killed_one_is_in_nobody_s_way()
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        (int second, _, string error) = await stage.Start(environment: null, [.. stage.Options, "--listen", "127.0.0.1:0"]).EndAsync();
        (int first, _, _) = await CtlAsync(stage, "status");
        stage.Server.Signal("KILL");
        await stage.Server.ExitedAsync();
        (int killed, _, _) = await CtlAsync(stage, "status");
        await stage.ServeAsync();
        (int again, _, _) = await CtlAsync(stage, "status");

        Assert.Equal((1, 0, 3, 0), (second, first, killed, again));
        Assert.Contains($"Another server is steered at {stage.Control}.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ctl", "ctl")]
    [InlineData("ctl ", "ctl", "bogus")]
    [InlineData("ctl show ", "ctl", "show")]
    [InlineData("ctl show ", "ctl", "show", "a", "b")]
    [InlineData("ctl send ", "ctl", "send")]
    [InlineData("ctl close ", "ctl", "close", "x", "--reason")]
    [InlineData("ctl status ", "ctl", "status", "--watch")]
    [InlineData("ctl drain ", "ctl", "drain", "now")]
    [InlineData("ctl reload ", "ctl", "reload", "now")]
    [InlineData("ctl stats ", "ctl", "stats", "--watch", "twice")]
    [InlineData("ctl broadcast ", "ctl", "broadcast", "a", "b")]
    [InlineData("ctl connections ", "ctl", "connections", "--channel")]
    [InlineData("ctl channels ", "ctl", "channels", "--user", "ada")]
    public async Task Bad_usage_is_one_line_and_exit_code_2(string path, params string[] arguments)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains($"See 'eit {path.TrimEnd()} --help'.", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    private static Task<(int ExitCode, string Output, string Error)> CtlAsync(ServeStage stage, params string[] arguments) => Tool.RunAsync(["ctl", .. arguments, "--control", stage.Control]);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync().Soon();
        await process.WaitForExitAsync().Soon();
        Assert.Equal(0, process.ExitCode);
    }
}
