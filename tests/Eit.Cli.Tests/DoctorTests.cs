using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Eit.Cli.Doctor;

namespace Eit.Cli.Tests;

public class DoctorTests
{
    private static readonly string[] s_doctor = ["doctor", "--timeout", string.Create(CultureInfo.InvariantCulture, $"{Patience.Limit.TotalSeconds}")];

    [Fact]
    public async Task A_healthy_way_is_well_at_every_step_and_the_echo_is_noticed()
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        var options = new DoctorOptions { Url = new Uri(stage.Url("/eit")), Token = new TokenSource(stage.Token, File: null), PinnedCertificateSha256 = stage.CertificateSha256, StepLimit = Patience.Limit, EchoLimit = Patience.Limit };
        var echo = new List<DoctorFinding>();
        int echoes = await new DoctorRun(options, TimeProvider.System, echo.Add).RunAsync(CancellationToken.None).Soon();
        (int listens, string relay, _) = await RunAsync(stage, "/rooms/a");
        (int quiet, string silent, _) = await RunAsync(stage, "/eit", "--no-messages");

        Assert.Equal((0, 0, 0), (echoes, listens, quiet));
        Assert.Equal(["DNS", "TCP", "TLS", "HTTP", "Subprotocol", "Hello", "Message", "Large message"], echo.Select(static finding => finding.Step));
        Assert.All(echo, static finding => Assert.True(finding.IsWell, finding.What));
        Assert.EndsWith("and came back", Assert.Single(echo, static finding => finding.Step == "Message").What, StringComparison.Ordinal);
        Assert.Contains("this endpoint does not echo", relay, StringComparison.Ordinal);
        Assert.Equal(["DNS", "TCP", "TLS", "HTTP", "Subprotocol", "Hello"], StepsOf(silent));
    }

    [Theory]
    [InlineData("/nowhere", "HTTP: the server answers 404", "There is no endpoint with this path")]
    [InlineData("/plain", "HTTP: the server answers 403", "'eit connect --plain'")]
    public async Task An_endpoint_that_is_not_for_this_client_is_named_with_what_to_change(string path, string found, string advice)
    {
        await using ServeStage stage = await ServeStage.StartAsync();

        (int exitCode, string output, _) = await RunAsync(stage, path);

        Assert.Equal(1, exitCode);
        Assert.Contains($"FAIL  {found}", output, StringComparison.Ordinal);
        Assert.Contains(advice, output, StringComparison.Ordinal);
        Assert.Equal("HTTP", StepsOf(output)[^1]);
    }

    [Fact]
    public async Task A_wrong_token_and_a_wrong_certificate_are_told_apart()
    {
        await using ServeStage stage = await ServeStage.StartAsync();
        string url = string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{stage.Port}/eit");

        (int wrong, string token, _) = await Tool.RunAsync([.. s_doctor, url, "--token", "wrong", "--certificate-sha256", stage.CertificateSha256]);
        (int untrusted, string certificate, _) = await Tool.RunAsync([.. s_doctor, url, "--token", stage.Token]);
        (int other, string pin, _) = await Tool.RunAsync([.. s_doctor, url, "--token", stage.Token, "--certificate-sha256", new string('0', 64)]);

        Assert.Equal((1, 1, 1), (wrong, untrusted, other));
        Assert.Contains("FAIL  HTTP: the server answers 401.\n      The token is not taken", token, StringComparison.Ordinal);
        Assert.Contains("FAIL  TLS: the certificate is", certificate, StringComparison.Ordinal);
        Assert.Contains($"FAIL  TLS: the server shows another certificate than the one that is asked for: {stage.CertificateSha256}", pin, StringComparison.Ordinal);
        Assert.DoesNotContain(stage.Token, token + certificate + pin, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_not_known_a_port_without_a_server_and_one_without_tls_are_told_apart()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Task answering = AnswerAsync(listener);

        var name = new List<DoctorFinding>();
        var options = new DoctorOptions { Url = new Uri("wss://no-such-name.invalid/"), Token = new TokenSource("", File: null), StepLimit = Patience.Limit };
        int unknown = await new DoctorRun(options, TimeProvider.System, name.Add).RunAsync(CancellationToken.None).Soon();
        (int noTls, string plain, _) = await Tool.RunAsync([.. s_doctor, string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{port}/")]);
        await answering.Soon();
        listener.Stop();
        (int refused, string nobody, _) = await Tool.RunAsync([.. s_doctor, string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{port}/")]);

        Assert.Equal((1, 1, 1), (unknown, noTls, refused));
        Assert.StartsWith("the name no-such-name.invalid is not known", Assert.Single(name, static finding => finding.Step == "DNS").What, StringComparison.Ordinal);
        Assert.Contains("FAIL  TLS: what answers does not speak TLS", plain, StringComparison.Ordinal);
        Assert.Contains($"FAIL  TCP: nothing listens at 127.0.0.1:{port}", nobody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK", "the server answers 200", "a proxy does not pass the upgrade on")]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: https://other.example/", "the server answers 301", "https://other.example/")]
    [InlineData("HTTP/1.1 426 Upgrade Required", "the server answers 426", "does not pass on Connection and Upgrade")]
    [InlineData("HTTP/1.1 503 Busy\r\nRetry-After: 7", "the server answers 503", "it asks to wait for 7 s")]
    [InlineData("HTTP/1.1 502 Bad Gateway", "the server answers 502", "does not reach the server behind it")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket", "the server has chosen none, not eit.v1.json", "does not speak Eit")]
    [InlineData("SSH-2.0-OpenSSH", "what answers does not speak HTTP", "Check host and port.")]
    public async Task Whatever_answers_is_explained(string answer, string found, string advice)
    {
        using var stream = new Answer(answer + "\r\n\r\n");

        IReadOnlyList<DoctorFinding> findings = await DoctorHttp.AskAsync(stream, new Uri("wss://example.org/talk?x=1"), "secret", CancellationToken.None);

        Assert.Equal(found, findings[^1].What);
        Assert.Contains(advice, findings[^1].Advice, StringComparison.Ordinal);
        Assert.StartsWith("GET /talk?x=1 HTTP/1.1\r\nHost: example.org\r\n", stream.Request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("URL", "doctor")]
    [InlineData("The URL begins with wss://, not 'https://x'.", "doctor", "https://x")]
    [InlineData("'--bogus' is not known.", "doctor", "--bogus")]
    [InlineData("--token and --token-file exclude each other.", "doctor", "wss://x", "--token", "a", "--token-file", "b")]
    [InlineData("--timeout takes a whole number from 1 to 3600", "doctor", "wss://x", "--timeout", "0")]
    [InlineData("SHELL", "completion")]
    [InlineData("tcsh", "completion", "tcsh")]
    public async Task Bad_options_are_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(ServeStage stage, string path, params string[] more) =>
        Tool.RunAsync([.. s_doctor, string.Create(CultureInfo.InvariantCulture, $"wss://127.0.0.1:{stage.Port}{path}"), "--token", stage.Token, "--certificate-sha256", stage.CertificateSha256, .. more]);

    private static string[] StepsOf(string output) => [.. output.Split('\n').Where(static line => line.Contains(": ", StringComparison.Ordinal) && line[0] != ' ').Select(static line => line[6..line.IndexOf(':', StringComparison.Ordinal)])];

    private static async Task AnswerAsync(TcpListener listener)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
    }

    /// <summary>A connection on which something has been answered already.</summary>
    private sealed class Answer(string text) : MemoryStream(Encoding.ASCII.GetBytes(text))
    {
        internal string Request { get; private set; } = "";

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Request += Encoding.ASCII.GetString(buffer.Span);
            return default;
        }
    }
}
