using System.Globalization;
using System.Text.Json.Nodes;

namespace Eit.Cli.Serve;

/// <summary>All keys of the configuration.</summary>
internal static class ServeKeys
{
    internal static IReadOnlyList<ServeKey> All { get; } =
    [
        new("listen", "HOST:PORT", "Where it listens. Default 127.0.0.1:8443.", IsList: true,
            static (config, values) => config with { Listen = values.Addresses() }, static config => List(config.Listen.Select(static address => address.ToString()))),
        new("serverName", "NAME", "What it calls itself. Default eit.", IsList: false,
            static (config, values) => config with { ServerName = values.Text }, static config => config.ServerName),
        new("certificate", "FILE", "Its certificate: PEM, or PKCS #12 (.pfx, .p12). A changed file is read again.", IsList: false,
            static (config, values) => config with { Certificate = values.File }, static config => config.Certificate),
        new("certificateKey", "FILE", "The certificate's key in PEM, where it is in another file.", IsList: false,
            static (config, values) => config with { CertificateKey = values.File }, static config => config.CertificateKey),
        new("certificatePasswordFile", "FILE", "A file with the password of the PKCS #12 file.", IsList: false,
            static (config, values) => config with { CertificatePasswordFile = values.File }, static config => config.CertificatePasswordFile),
        new("devCertificate", HelpName: null, "For development: make a certificate for localhost, another one at each start.", IsList: false,
            static (config, values) => config with { DevCertificate = values.Flag }, static config => config.DevCertificate),
        new("tokens", "FILE", "The hashes of the tokens that are let in, and their names: what 'eit token' writes. A changed file is read again.", IsList: false,
            static (config, values) => config with { Tokens = values.File }, static config => config.Tokens),
        new("endpoints", "ENDPOINT", $"An endpoint: {ServeEndpoint.Form}. The handler is {ServeEndpoint.Handlers}.", IsList: true,
            static (config, values) => config with { Endpoints = [.. values.Texts.Select(ServeEndpoint.Parse)] }, static config => new JsonArray([.. config.Endpoints.Select(static endpoint => endpoint.ToJson())])),
        new("origins", "ORIGIN", "An origin from which browsers may come, besides its own.", IsList: true,
            static (config, values) => config with { Origins = values.Origins() }, static config => List(config.Origins)),
        new("messageBytesMax", "N", "How many bytes a message may have. Default 1048576.", IsList: false,
            static (config, values) => config with { MessageBytesMax = values.Number(1_024, 16 * 1024 * 1024) }, static config => config.MessageBytesMax),
        new("sessionsMax", "N", "How many sessions there may be. Default 100000.", IsList: false,
            static (config, values) => config with { SessionsMax = values.Number(1, 10_000_000) }, static config => config.SessionsMax),
        new("sessionsPerUserMax", "N", "How many sessions one user may have. Default 1000.", IsList: false,
            static (config, values) => config with { SessionsPerUserMax = values.Number(1, 10_000_000) }, static config => config.SessionsPerUserMax),
        new("resumeWindow", "SECONDS", "How long a session waits for a client that is away. Default 120s.", IsList: false,
            static (config, values) => config with { ResumeWindow = values.Seconds(24 * 3_600) }, static config => Show(config.ResumeWindow)),
        new("drainWindow", "SECONDS", "How long clients have to go elsewhere when it stops. Default 20s.", IsList: false,
            static (config, values) => config with { DrainWindow = values.Seconds(600) }, static config => Show(config.DrainWindow)),
        new("control", "SOCKET", "The socket at which 'eit ctl' steers it, in a folder of mode 0700; or none. Default: in a folder of the user's.", IsList: false,
            static (config, values) => config with { Control = values.Text == "none" ? null : values.File }, static config => config.Control ?? "none"),
        new("logFormat", "FORMAT", "How the log on the standard error is written: text or json. Default text.", IsList: false,
            static (config, values) => config with { LogFormat = values.OneOf("text", "json") }, static config => config.LogFormat),
        new("logLevel", "LEVEL", "From what on it is written: debug, information or warning. Default information.", IsList: false,
            static (config, values) => config with { LogLevel = values.OneOf("debug", "information", "warning") }, static config => config.LogLevel),
    ];

    internal static JsonObject ToJson(ServeConfig config) => new(All.Select(key => KeyValuePair.Create(key.Name, key.Show(config))));

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(static text => (JsonNode)text)]);

    private static string Show(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds}s");
}
