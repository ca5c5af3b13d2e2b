using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Eit.Cli;
using Eit.Cli.Chaos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Chaos.Tests;

public class ChaosCommandTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task In_front_of_a_plain_http_server_it_carries_curl_obeys_curl_and_sums_up_on_sigterm()
    {
        await using WebApplication site = await StartSiteAsync();
        string upstream = new Uri(site.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority;
        using Process eit = Start("dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "eit.dll"), "chaos", "--listen", "127.0.0.1:0", "--upstream", upstream, "--seed", "7", "--fault", "latency,delay=1ms");
        string listening = (await eit.StandardOutput.ReadLineAsync().Soon())!;
        string control = (await eit.StandardOutput.ReadLineAsync().Soon())!["Control: ".Length..];
        string proxy = "http://" + listening.Split(' ', ',')[2];

        (int ExitCode, string Output) carried = await CurlAsync(proxy + "/hello");
        await ReadUntilAsync(eit, "ended");                        // A fault hits also what is still there.
        (int ExitCode, string Output) added = await CurlAsync(control, "-d", """{"name":"cut","kind":"reset"}""");
        (int ExitCode, string Output) cut = await CurlAsync(proxy + "/hello");
        string news = await ReadUntilAsync(eit, "ended by cut");
        (int ExitCode, string Output) removed = await CurlAsync(control + "/cut", "-X", "DELETE");
        (int ExitCode, string Output) again = await CurlAsync(proxy + "/hello");
        Process.Start("kill", ["-TERM", eit.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
        string rest = await eit.StandardOutput.ReadToEndAsync().Soon();
        await eit.WaitForExitAsync().Soon();

        Assert.Equal((0, "hello from the site"), carried);
        Assert.Equal((0, """{"name":"cut"}"""), (added.ExitCode, added.Output.Trim()));
        Assert.NotEqual(0, cut.ExitCode);
        Assert.Equal(0, removed.ExitCode);
        Assert.Equal((0, "hello from the site"), again);
        Assert.Equal(0, eit.ExitCode);
        Assert.Contains("seed 7", listening, StringComparison.Ordinal);
        Assert.Contains("cut is set: reset", news, StringComparison.Ordinal);
        Assert.Contains(" s: 3 connections, ", rest, StringComparison.Ordinal);
        Assert.Contains(", 1 ended by faults, ", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scenario_is_played_and_its_seed_is_used()
    {
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, """{"seed":99,"steps":[{"set":{"name":"rule","kind":"frame"}},{"wait":"1ms"},{"clear":true},{"set":{"name":"last","kind":"silence"}}]}""");
        using var output = new StringWriter();
        using TextWriter synchronized = TextWriter.Synchronized(output);
        using var stop = new CancellationTokenSource();
        var options = new ChaosRunOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Upstream = new DnsEndPoint("localhost", 9),
            Scenario = ChaosScenario.FromJson(await File.ReadAllTextAsync(path)),
            Seed = 99,
            ReadsFrames = true,
            EndsTls = true,
        };
        File.Delete(path);

        Task<int> running = new ChaosRun(options, TimeProvider.System, synchronized, TextWriter.Null).RunAsync(stop.Token);
        await Patience.UntilAsync(() =>
        {
            lock (synchronized) { return output.ToString().Contains("last is set: silence", StringComparison.Ordinal); }   // As its own methods do.
        });
        await stop.CancelAsync();

        Assert.Equal(0, await running.Soon());
        Assert.Contains("upstream localhost:9, seed 99.", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("rule is removed.", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("last: silence; on 0 connections, 0 times at work.", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_one_line_and_exit_code_1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        (int ExitCode, string Output, string Error) listen = await RunAsync("chaos", "--upstream", "127.0.0.1:9", "--listen", $"127.0.0.1:{port}");
        (int ExitCode, string Output, string Error) control = await RunAsync("chaos", "--upstream", "127.0.0.1:9", "--control", port);

        Assert.All([listen, control], run =>
        {
            Assert.Equal((1, ""), (run.ExitCode, run.Output));
            Assert.Contains($"127.0.0.1:{port} can't be listened on", run.Error, StringComparison.Ordinal);
            Assert.Equal(1, run.Error.Count(static character => character == '\n'));
        });
    }

    [Theory]
    [InlineData("--upstream", "chaos")]
    [InlineData("--upstream takes a host and a port, such as 127.0.0.1:8443, not 'nowhere'.", "chaos", "--upstream", "nowhere")]
    [InlineData("--upstream takes a host and a port, such as 127.0.0.1:8443, not 'x:99999'.", "chaos", "--upstream", "x:99999")]
    [InlineData("--listen takes an address of this machine and a port", "chaos", "--upstream", "x:9", "--listen", "example.org:80")]
    [InlineData("--fault latency,dealy=1: 'dealy' is not known in latency; allowed: delay, jitter, distribution, direction, toxicity.", "chaos", "--upstream", "x:9", "--fault", "latency,dealy=1")]
    [InlineData("--scenario: /no/such/file does not exist.", "chaos", "--upstream", "x:9", "--scenario", "/no/such/file")]
    [InlineData("--scenario: / can't be read.", "chaos", "--upstream", "x:9", "--scenario", "/")]
    [InlineData("--insecure-dev-certificate goes with --tls only.", "chaos", "--upstream", "x:9", "--insecure-dev-certificate")]
    [InlineData("--seed takes a whole number", "chaos", "--upstream", "x:9", "--seed", "-1")]
    [InlineData("--control takes a whole number from 0 to 65535, not '65536'.", "chaos", "--upstream", "x:9", "--control", "65536")]
    [InlineData("extra", "chaos", "--upstream", "x:9", "extra")]
    public async Task Bad_options_are_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    [Fact]
    public async Task A_wrong_scenario_file_is_a_bad_option_that_says_where()
    {
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, """{"steps":[{"set":{"name":"x","kind":"latency","dealy":1}}]}""");

        (int exitCode, _, string error) = await RunAsync("chaos", "--upstream", "x:9", "--scenario", path);
        (int mixedCode, _, string mixed) = await RunAsync("chaos", "--upstream", "x:9", "--fault", "silence", "--scenario", path);
        File.Delete(path);

        Assert.Equal((2, 2), (exitCode, mixedCode));
        Assert.Contains("steps[0]: 'dealy' is not known in latency", error, StringComparison.Ordinal);
        Assert.Contains("--scenario", mixed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_shows_the_options_the_kinds_and_an_example()
    {
        (int exitCode, string output, _) = await RunAsync("chaos", "--help");

        Assert.Equal(0, exitCode);
        Assert.All(["--listen", "--upstream", "--scenario", "--fault", "--seed", "--control", "--tls", "black-hole", "curl"], word => Assert.Contains(word, output, StringComparison.Ordinal));
    }

    private static async Task<WebApplication> StartSiteAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRouting();
        WebApplication site = builder.Build();
        site.MapGet("/hello", static context => context.Response.WriteAsync("hello from the site"));
        await site.StartAsync();
        return site;
    }

    /// <summary>Runs curl; where there is none, a client of this process stands in for it.</summary>
    private static async Task<(int ExitCode, string Output)> CurlAsync(string url, params string[] more)
    {
        Process curl;
        try { curl = Start("curl", ["--silent", "--noproxy", "*", "--max-time", "300", .. more, url]); }
        catch (System.ComponentModel.Win32Exception) { return await AskAsync(url, more); }
        using (curl)
        {
            string output = await curl.StandardOutput.ReadToEndAsync().Soon();
            await curl.WaitForExitAsync().Soon();
            return (curl.ExitCode, output);
        }
    }

    private static async Task<(int ExitCode, string Output)> AskAsync(string url, string[] more)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = s_limit };
        using var request = new HttpRequestMessage(more is ["-d", _] ? HttpMethod.Post : more is ["-X", "DELETE"] ? HttpMethod.Delete : HttpMethod.Get, url);
        if (more is ["-d", var body]) { request.Content = new StringContent(body); }
        try
        {
            using HttpResponseMessage answer = await http.SendAsync(request);
            return (0, await answer.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException) { return (56, ""); }
    }

    /// <summary>Reads what a process says, up to the line that says something.</summary>
    private static async Task<string> ReadUntilAsync(Process process, string something)
    {
        string said = "";
        while (!said.Contains(something, StringComparison.Ordinal))
        {
            said += await process.StandardOutput.ReadLineAsync().Soon() ?? throw new EndOfStreamException($"It has not said '{something}': {said}");
        }
        return said;
    }

    private static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }
        return Process.Start(start)!;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await Program.RunAsync(arguments, output, error).Soon();
        return (exitCode, output.ToString(), error.ToString());
    }
}
