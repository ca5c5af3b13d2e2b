using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Eit.Cli.Serve;

namespace Eit.Cli.Tests;

public class ServeTests
{
    [Fact]
    public async Task Echo_answers_clients_of_the_endpoint_s_mode_and_no_others()
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        async Task<(int, string)> Talk(string path, params string[] more)
        {
            (int exitCode, string output, _) = await stage.Connect(path, ["--once", .. more]).EndAsync("AP8=\n");
            return (exitCode, output);
        }
        (int, string)[] taken = await Task.WhenAll(Talk("/eit"), Talk("/echo", "--base64"), Talk("/echo", "--plain"), Talk("/plain", "--plain", "--base64"));
        (int, string)[] refused = await Task.WhenAll(Talk("/eit", "--plain"), Talk("/plain"), Talk("/nowhere"));

        Assert.All(taken, static talk => Assert.Equal((0, "AP8=\n"), talk));
        Assert.All(refused, static talk => Assert.Equal((1, ""), talk));
    }

    [Fact]
    public async Task Relay_passes_messages_on_to_the_others_of_the_channel_whether_they_speak_eit_or_not()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        EitProcess elsewhere = stage.Connect("/rooms/b", "--once");
        EitProcess other = stage.Connect("/rooms/a", "--once");
        await elsewhere.SaysAsync("eit: connected");

        // A client is a member a moment after it is connected, at the latest when its own message has been handled.
        await other.Input.WriteLineAsync("to nobody");
        await stage.StatsAsync(static stats => (long)stats["messagesReceived"]! == 1);
        EitProcess plain = stage.Connect("/rooms/a", "--once", "--plain");
        await plain.Input.WriteLineAsync("from plain");
        (int ExitCode, string Output, string Error) first = await other.EndAsync();
        (int ExitCode, string Output, string Error) sender = await stage.Connect("/rooms/a").EndAsync("to all\n");
        (int ExitCode, string Output, string Error) second = await plain.EndAsync();

        Assert.Equal((0, "from plain\n"), (first.ExitCode, first.Output));
        Assert.Equal((0, ""), (sender.ExitCode, sender.Output));
        Assert.Equal((0, "to all\n"), (second.ExitCode, second.Output));
        elsewhere.Signal("KILL");
        Assert.Equal("", await elsewhere.Output.ReadToEndAsync().Soon());
    }

    [Fact]
    public async Task After_a_kill_and_a_restart_the_client_goes_on_by_itself()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        EitProcess client = stage.Connect("/eit");
        await client.SaysAsync("eit: connected");
        await Tool.RunAsync("ctl", "broadcast", "--channel", "/eit", "before", "--control", stage.Control);   // The client itself has nothing under way that the kill might leave unknown.
        string? before = await client.Output.ReadLineAsync().Soon();

        stage.Server.Signal("KILL");
        await client.SaysAsync("eit: not connected");
        await client.Input.WriteLineAsync("meanwhile");
        await stage.ServeAsync();
        string? meanwhile = await client.Output.ReadLineAsync().Soon();
        (int exitCode, string after, string error) = await client.EndAsync("after\n");

        Assert.Equal(("before", "meanwhile", "after\n"), (before, meanwhile, after));
        Assert.Equal(0, exitCode);
        Assert.Contains("the session has ended (4301)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigterm_drains_and_ends_with_exit_code_0()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        EitProcess client = stage.Connect("/eit");
        await client.SaysAsync("eit: connected");

        stage.Server.Signal("TERM");
        int exitCode = await stage.Server.ExitedAsync();

        Assert.Equal(0, exitCode);
        await client.SaysAsync("eit: not connected");
        Assert.Contains("1 sessions are told", stage.Server.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_no_good_token_or_does_not_speak_websocket_is_answered_without_detail()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        await File.AppendAllTextAsync(stage.In("tokens.txt"), $"old {TokenTable.HashOf("expired")} 2001-01-01\n");
        using HttpClient http = stage.Http();

        async Task<string> Ask(string path, string? token = null, bool isUpgrade = false)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (token is not null) { request.Headers.Authorization = new("Bearer", token); }
            if (isUpgrade)
            {
                foreach ((string name, string value) in new[] { ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), ("Sec-WebSocket-Protocol", "eit.v1.json") })
                {
                    request.Headers.TryAddWithoutValidation(name, value);
                }
            }
            using HttpResponseMessage answer = await http.SendAsync(request).Soon();
            return $"{(int)answer.StatusCode} {(await answer.Content.ReadAsStringAsync()).Trim()} [{answer.Headers.Server}]";
        }
        string[] unauthorized = [await Ask("/eit", token: null, isUpgrade: true), await Ask("/eit", "wrong", isUpgrade: true), await Ask("/eit", "expired", isUpgrade: true)];
        string page = await Ask("/eit", stage.Token);
        string health = await Ask("/healthz");
        string ready = await Ask("/readyz");

        Assert.All(unauthorized, static answer => Assert.Equal("401 A credential is needed. []", answer));
        Assert.Equal("426 This endpoint speaks WebSocket. []", page);
        Assert.Equal(("200 ok []", "200 ready []"), (health, ready));
        Assert.DoesNotContain(stage.Token, stage.Server.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_without_tls_is_answered_with_nothing()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, stage.Port).Soon();
        using var answer = new MemoryStream();

        await client.GetStream().WriteAsync("GET /eit HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        try { await client.GetStream().CopyToAsync(answer).Soon(); }
        catch (IOException)
        {
            // Reset, which says as little.
        }

        Assert.InRange(answer.Length, 0, 7);                        // At most the alert with which TLS says that this is none.
        Assert.DoesNotContain("HTTP", System.Text.Encoding.Latin1.GetString(answer.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_and_certificate_that_change_are_read_again_and_a_broken_file_changes_nothing()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        string second = await stage.NewTokenAsync("bob");
        await using ServeStage other = await ServeStage.MakeAsync();
        File.Copy(other.In("cert.pem"), stage.In("cert.pem"), overwrite: true);

        (int bob, _, _) = await stage.Start(new() { ["EIT_TOKEN"] = second }, "connect", string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{stage.Port}/eit"), "--certificate-sha256", other.CertificateSha256).EndAsync("x\n");
        await File.AppendAllTextAsync(stage.In("tokens.txt"), "this is no token at all\n");
        (int still, _, _) = await stage.Start(new() { ["EIT_TOKEN"] = second }, "connect", string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{stage.Port}/eit"), "--certificate-sha256", other.CertificateSha256).EndAsync("x\n");

        await stage.Server.SaysAsync("and what was read before stays:");
        Assert.Equal((0, 0), (bob, still));
    }

    [Fact]
    public async Task Check_prints_the_configuration_as_it_counts_and_no_secret()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        await File.WriteAllTextAsync(stage.In("eit.json"), """
            {
              // A file name counts from the file's folder.
              "certificate": "cert.pem", "tokens": "tokens.txt", "drainWindow": "5s", "logFormat": "json", "sessionsMax": 7,
              "endpoints": [{ "path": "/a", "handler": "relay", "mode": "both" }, "/b=echo"],
            }
            """);

        (int exitCode, string output, _) = await Tool.RunAsync("serve", "--config", stage.In("eit.json"), "--drain-window", "0.5s", "--check");

        Assert.Equal(0, exitCode);
        JsonNode config = JsonNode.Parse(output)!;
        Assert.Equal(("0.5s", "json", 7), ((string)config["drainWindow"]!, (string)config["logFormat"]!, (int)config["sessionsMax"]!));
        Assert.Equal(stage.In("cert.pem"), (string)config["certificate"]!);
        Assert.Equal("""[{"path":"/a","handler":"relay","mode":"both"},{"path":"/b","handler":"echo","mode":"eit"}]""", config["endpoints"]!.ToJsonString());
        Assert.DoesNotContain("PRIVATE KEY", output, StringComparison.Ordinal);
        Assert.DoesNotContain(TokenTable.HashOf(stage.Token), output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"lissten":1}""", "eit.json: 'lissten' is not known; allowed: listen, serverName, ")]
    [InlineData("""{"listen":"localhost"}""", "eit.json: listen: 'localhost' is not allowed; an address of this machine and a port")]
    [InlineData("""{"logFormat":"xml"}""", "eit.json: logFormat: 'xml' is not allowed; text or json.")]
    [InlineData("""{"sessionsMax":0}""", "eit.json: sessionsMax: '0' is not allowed; a whole number from 1 to 10000000.")]
    [InlineData("""{"drainWindow":20}""", "eit.json: drainWindow: '20' is not allowed; seconds such as 20s")]
    [InlineData("""{"devCertificate":"yes"}""", "eit.json: devCertificate: 'yes' is not allowed; true or false.")]
    [InlineData("""{"certificate":["a","b"]}""", "eit.json: certificate: takes one value, not a list.")]
    [InlineData("""{"endpoints":["/a=ecko"]}""", "eit.json: endpoints: the handler 'ecko' is not known; echo or relay or exec:COMMAND")]
    [InlineData("""{"endpoints":["some /a=echo"]}""", "eit.json: endpoints: 'some /a=echo' is not [eit|plain|both] /PATH=HANDLER.")]
    [InlineData("""{"endpoints":[{"path":"/a","handler":"echo","mod":"eit"}]}""", "eit.json: endpoints: 'mod' is not known; allowed: path, handler, mode.")]
    [InlineData("""{"endpoints":["/a{=echo"]}""", "eit.json: endpoints: the path '/a{' can't be used")]
    [InlineData("""{"origins":["app.example"]}""", "eit.json: origins: 'app.example' is not allowed; an origin such as https://app.example.")]
    [InlineData("""{"endpoints":["/a=echo","/a=relay"]}""", "eit.json: endpoints: a path is there twice.")]
    [InlineData("""{"endpoints":["/a=echo"]}""", "eit.json: tokens: missing; ")]
    [InlineData("""{}""", "eit.json: endpoints: there is none;")]
    [InlineData("""{"a":1,"a":2}""", "eit.json: ")]
    [InlineData("[]", "eit.json: it must be an object of keys.")]
    public async Task What_is_wrong_in_the_file_is_one_line_that_names_file_key_and_what_is_allowed(string file, string says)
    {
        string folder = Directory.CreateTempSubdirectory("eit").FullName;
        string path = Path.Combine(folder, "eit.json");
        await File.WriteAllTextAsync(path, file);

        (int exitCode, string output, string error) = await Tool.RunAsync("serve", "--config", path);
        Directory.Delete(folder, recursive: true);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    [Theory]
    [InlineData("--log-level: 'loud' is not allowed; debug or information or warning.", "--log-level", "loud")]
    [InlineData("/no/such/file does not exist.", "--config", "/no/such/file")]
    [InlineData("certificate: missing; a file, or for development --dev-certificate.", "--tokens", "x", "--endpoints", "/a=echo")]
    [InlineData("devCertificate: goes without certificate only.", "--tokens", "x", "--endpoints", "/a=echo", "--certificate", "x", "--dev-certificate")]
    [InlineData("certificateKey: goes with a certificate in PEM only.", "--tokens", "x", "--endpoints", "/a=echo", "--dev-certificate", "--certificate-key", "x")]
    [InlineData("tokens: /no/such/tokens does not exist; 'eit token NAME --file /no/such/tokens' makes it.", "--tokens", "/no/such/tokens", "--endpoints", "/a=echo", "--dev-certificate")]
    [InlineData("--lissten", "--lissten")]
    [InlineData("--log-format: takes one value", "--log-format", "text", "--log-format", "json")]
    public async Task A_wrong_option_is_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync(["serve", .. arguments]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    [Fact]
    public async Task An_address_that_is_taken_is_one_line_and_exit_code_1()
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        (int exitCode, string output, string error) = await stage.Start(environment: null, [.. stage.Options[..^2], "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{stage.Port}"), "--control", "none"]).EndAsync();

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("eit: Failed to bind to address", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_pkcs12_needs_its_password_from_a_file_and_a_wrong_one_is_named()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(stage.In("cert.pem"));
        await File.WriteAllBytesAsync(stage.In("cert.pfx"), certificate.Export(System.Security.Cryptography.X509Certificates.X509ContentType.Pkcs12, "secret"));
        await File.WriteAllTextAsync(stage.In("password"), "secret\n");
        await File.WriteAllTextAsync(stage.In("wrong"), "guess\n");
        string[] options = ["serve", "--check", "--tokens", stage.In("tokens.txt"), "--endpoints", "/a=echo", "--certificate", stage.In("cert.pfx"), "--certificate-password-file"];

        (int right, string output, _) = await Tool.RunAsync([.. options, stage.In("password")]);
        (int wrong, _, string error) = await Tool.RunAsync([.. options, stage.In("wrong")]);

        Assert.Equal((0, 2), (right, wrong));
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
        Assert.Contains("certificate: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("guess", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NAME", "token", "--file", "x")]
    [InlineData("--file", "token", "ada")]
    [InlineData("NAME is one word", "token", "a b", "--file", "x")]
    [InlineData("NAME is one word", "token", "#ada", "--file", "x")]
    [InlineData("--days takes a whole number from 1 to 36500", "token", "ada", "--file", "x", "--days", "0")]
    public async Task A_wrong_token_is_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }
}
