using System.CommandLine;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli.Connect;

/// <summary>The verb <c>connect</c>: a client for people and for pipes.</summary>
internal static class ConnectCommand
{
    private const string Description = "Connect to an endpoint: lines of the input are sent, messages are printed, changes of the connection go to the standard error.";

    private const string Details = $"""
        It dials again and resumes by itself, also when the server restarts. It ends at the end of the input, when everything that was sent has been handled by the
        server and everything that the server has sent before has been printed; with --count, when that many messages have been printed.

        The token comes from --token, --token-file or the environment variable {TokenSource.Variable}, in this order. Others on this machine may see what is given with --token.
        More, also about --plain: docs/SERVE.md.

        Exit codes: 0 everything was acknowledged; 1 not everything, or there was no connection; 2 bad options.

        Examples: seq 100000 | eit connect wss://example.org/echo > back
                  echo '["time?"]' | eit connect wss://example.org/rpc --once --timeout 5 --json
                  eit connect wss://localhost:8443/room --insecure-dev-certificate
        """;

    internal static Command Make()
    {
        Argument<Uri?> url = WssUrl.Argument(ArgumentArity.ExactlyOne);
        var token = new Option<string?>("--token") { Description = "The bearer token.", HelpName = "TOKEN" };
        var tokenFile = new Option<string?>("--token-file") { Description = "A file with the bearer token; read for each dial.", HelpName = "FILE" };
        Option<X509Certificate2?> clientCertificate = ClientCertificate.Option();
        var plain = new Option<bool>("--plain") { Description = "Be a WebSocket client that does not speak Eit: no redial, no acknowledgement." };
        var binary = new Option<bool>("--binary") { Description = "Send lines as bytes, and print bytes as they are." };
        var base64 = new Option<bool>("--base64") { Description = "Send as bytes what the lines hold in base64. Bytes that come are printed in base64." };
        var json = new Option<bool>("--json") { Description = "Print messages that are JSON with indents." };
        var once = new Option<bool>("--once") { Description = "End after the first message: --count 1." };
        Option<long?> count = WholeNumber.Option("--count", "End after so many messages.", 1, long.MaxValue);
        Option<long?> timeout = WholeNumber.Option("--timeout", "Give up after so many seconds.", 1, 30 * 24 * 3_600);
        var pin = new Option<string?>("--certificate-sha256") { Description = "Take this certificate of the server, and no other: its SHA-256.", HelpName = "HEX" };
        var insecure = new Option<bool>("--insecure-dev-certificate") { Description = "Take any certificate of the server." };
        var command = new Verb("connect", Description, Details) { url, token, tokenFile, clientCertificate, plain, binary, base64, json, once, count, timeout, pin, insecure };
        command.Validators.Add(result =>
        {
            if (result.GetResult(url)?.Tokens is [var given, ..] && given.Value.StartsWith('-')) { result.AddError($"'{given.Value}' is not known."); }
            if (result.GetResult(token) is not null && result.GetResult(tokenFile) is not null) { result.AddError("--token and --token-file exclude each other."); }
            else if (result.GetValue(tokenFile) is { } file && !File.Exists(file)) { result.AddError($"--token-file: {file} does not exist."); }
            if (result.GetValue(binary) && result.GetValue(base64)) { result.AddError("--binary and --base64 exclude each other."); }
            if (result.GetValue(once) && result.GetResult(count) is not null) { result.AddError("--once and --count exclude each other."); }
            if (result.GetResult(pin) is not null && result.GetValue(insecure)) { result.AddError("--certificate-sha256 and --insecure-dev-certificate exclude each other."); }
            if (result.GetValue(pin) is { } hex && (hex.Length != 64 || !hex.All(char.IsAsciiHexDigit))) { result.AddError("--certificate-sha256 takes 64 hexadecimal digits."); }
        });
        command.SetAction(async (parsed, interrupted) =>
        {
            var options = new ConnectOptions
            {
                Url = parsed.GetValue(url)!,
                Token = new TokenSource(parsed.GetValue(token), parsed.GetValue(tokenFile)),
                ClientCertificate = parsed.GetValue(clientCertificate),
                IsPlain = parsed.GetValue(plain),
                Payload = parsed.GetValue(binary) ? ConnectPayload.Binary : parsed.GetValue(base64) ? ConnectPayload.Base64 : ConnectPayload.Text,
                IsJson = parsed.GetValue(json),
                Count = parsed.GetValue(once) ? 1 : parsed.GetValue(count),
                Timeout = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                TakesAnyCertificate = parsed.GetValue(insecure),
                PinnedCertificateSha256 = parsed.GetValue(pin),
            };
            await Task.Yield();                                    // From here on Ctrl-C ends the input; before, it would end the process.
            await using Stream input = Console.OpenStandardInput();
            await using Stream output = Console.OpenStandardOutput();
            return await new ConnectRun(options, TimeProvider.System, input, output, parsed.InvocationConfiguration.Error, isTerminal: !Console.IsOutputRedirected).RunAsync(interrupted);
        });
        return command;
    }
}
