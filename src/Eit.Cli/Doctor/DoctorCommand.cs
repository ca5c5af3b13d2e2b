using System.CommandLine;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Cli.Doctor;

/// <summary>The verb <c>doctor</c>: says what is wrong on the way to an endpoint.</summary>
internal static class DoctorCommand
{
    private const string Description = "Examine the way to an endpoint step by step, and say what is wrong and what to change.";

    private const string Details = $"""
        The steps: DNS, TCP, TLS, HTTP, the subprotocol, hello, a message, a large message. The first one that fails ends it. The messages are real ones, which the endpoint's
        handler gets: a line with "eit doctor" and 256 KiB of x. --no-messages leaves them out.

        The token comes from --token, --token-file or the environment variable {TokenSource.Variable}, as for 'eit connect'.

        Exit codes: 0 all is well; 1 something is not; 2 bad options.

        Examples: eit doctor wss://example.org/talk --token-file ada.token
                  eit doctor wss://localhost:8443/echo --insecure-dev-certificate
        """;

    internal static Command Make()
    {
        Argument<Uri?> url = WssUrl.Argument(ArgumentArity.ExactlyOne);
        var token = new Option<string?>("--token") { Description = "The bearer token.", HelpName = "TOKEN" };
        var tokenFile = new Option<string?>("--token-file") { Description = "A file with the bearer token.", HelpName = "FILE" };
        Option<X509Certificate2?> clientCertificate = ClientCertificate.Option();
        Option<long?> timeout = WholeNumber.Option("--timeout", "Give a step so many seconds, not 10.", 1, 3_600);
        var noMessages = new Option<bool>("--no-messages") { Description = "Send no messages." };
        var pin = new Option<string?>("--certificate-sha256") { Description = "Take this certificate of the server, and no other: its SHA-256.", HelpName = "HEX" };
        var insecure = new Option<bool>("--insecure-dev-certificate") { Description = "Take any certificate of the server." };
        var command = new Verb("doctor", Description, Details) { url, token, tokenFile, clientCertificate, timeout, noMessages, pin, insecure };
        command.Validators.Add(result =>
        {
            if (result.GetResult(url)?.Tokens is [var given, ..] && given.Value.StartsWith('-')) { result.AddError($"'{given.Value}' is not known."); }
            if (result.GetResult(token) is not null && result.GetResult(tokenFile) is not null) { result.AddError("--token and --token-file exclude each other."); }
            if (result.GetResult(pin) is not null && result.GetValue(insecure)) { result.AddError("--certificate-sha256 and --insecure-dev-certificate exclude each other."); }
            if (result.GetValue(pin) is { } hex && (hex.Length != 64 || !hex.All(char.IsAsciiHexDigit))) { result.AddError("--certificate-sha256 takes 64 hexadecimal digits."); }
        });
        command.SetAction(async (parsed, interrupted) =>
        {
            var options = new DoctorOptions
            {
                Url = parsed.GetValue(url)!,
                Token = new TokenSource(parsed.GetValue(token), parsed.GetValue(tokenFile)),
                ClientCertificate = parsed.GetValue(clientCertificate),
                SendsMessages = !parsed.GetValue(noMessages),
                TakesAnyCertificate = parsed.GetValue(insecure),
                PinnedCertificateSha256 = parsed.GetValue(pin),
            };
            if (parsed.GetValue(timeout) is { } seconds) { options = options with { StepLimit = TimeSpan.FromSeconds(seconds) }; }
            TextWriter output = parsed.InvocationConfiguration.Output;
            return await new DoctorRun(options, TimeProvider.System, finding => Print(output, finding)).RunAsync(interrupted);
        });
        return command;
    }

    private static void Print(TextWriter output, DoctorFinding finding)
    {
        Terminal.Say(output, $"{(finding.IsWell ? "ok  " : "FAIL")}  {finding.Step}: {finding.What}.");
        if (finding.Advice is { } advice) { Terminal.Say(output, $"      {advice}"); }
    }
}
