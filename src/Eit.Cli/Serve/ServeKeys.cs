using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Eit.Cli.Serve;

/// <summary>All keys of the configuration.</summary>
internal static class ServeKeys
{
    internal const string UnixPrefix = "unix:";

    private const string Word = """{"type":"string","minLength":1}""";
    private const string YesOrNo = """{"type":"boolean"}""";
    private const string Duration = """{"type":"string","pattern":"^[0-9]+([.][0-9]+)?s$"}""";

    internal static IReadOnlyList<ServeKey> All { get; } =
    [
        new("listen", "HOST:PORT", "Where it listens: an address and a port, or, for a proxy of this machine that ends TLS, unix: and the path of a socket. Default 127.0.0.1:8443.", """{"type":"string","pattern":"(^unix:.|:[0-9]+$)"}""",
            static (config, values) => config with { Listen = values.Addresses() }, static config => List(config.Listen.Select(static address => address is IPEndPoint ? address.ToString()! : $"{UnixPrefix}{address}"))) { IsList = true },
        new("serverName", "NAME", "What it calls itself. Default eit.", Word,
            static (config, values) => config with { ServerName = values.Text }, static config => config.ServerName) { IsReloadable = true },
        new("certificate", "FILE", "Its certificate: PEM, or PKCS #12 (.pfx, .p12). A changed file is read again.", Word,
            static (config, values) => config with { Certificate = values.File }, static config => config.Certificate) { IsReloadable = true },
        new("certificateKey", "FILE", "The certificate's key in PEM, where it is in another file.", Word,
            static (config, values) => config with { CertificateKey = values.File }, static config => config.CertificateKey) { IsReloadable = true },
        new("certificatePasswordFile", "FILE", "A file with the password of the PKCS #12 file.", Word,
            static (config, values) => config with { CertificatePasswordFile = values.File }, static config => config.CertificatePasswordFile) { IsReloadable = true },
        new("devCertificate", HelpName: null, "For development: make a certificate for localhost, another one at each start.", YesOrNo,
            static (config, values) => config with { DevCertificate = values.Flag }, static config => config.DevCertificate) { IsReloadable = true },
        new("tokens", "FILE", "The hashes of the tokens that are let in, and their names: what 'eit token' writes. A changed file is read again.", Word,
            static (config, values) => config with { Tokens = values.File }, static config => config.Tokens) { IsReloadable = true },
        new("clientAuthorities", "FILE", "Authorities, in PEM, whose client certificates are let in; the common name is the user. A changed file is read again.", Word,
            static (config, values) => config with { ClientAuthorities = values.File }, static config => config.ClientAuthorities) { IsReloadable = true },
        new("bearerKeys", "FOLDER", "The data protection keys of an ASP.NET Core application whose bearer tokens are let in.", Word,
            static (config, values) => config with { BearerKeys = values.File }, static config => config.BearerKeys),
        new("bearerApplication", "NAME", "The application's name for data protection. Default eit.", Word,
            static (config, values) => config with { BearerApplication = values.Text }, static config => config.BearerApplication),
        new("endpoints", "ENDPOINT", $"An endpoint: {ServeEndpoint.Form}. The handler is {ServeEndpoint.Handlers}.", ServeEndpoint.Schema,
            static (config, values) => config with { Endpoints = [.. values.Texts.Select(text => ServeEndpoint.Parse(text, values.Folder))] },
            static config => new JsonArray([.. config.Endpoints.Select(static endpoint => endpoint.ToJson())])) { IsList = true },
        new("origins", "ORIGIN", "An origin from which browsers may come, besides its own.", """{"type":"string","pattern":"^https?://[^/]+$"}""",
            static (config, values) => config with { Origins = values.Origins() }, static config => List(config.Origins)) { IsList = true },
        Number("messageBytesMax", "How many bytes a message may have. Default 1048576.", 1_024, 16 * 1024 * 1024,
            static (config, value) => config with { MessageBytesMax = value }, static config => config.MessageBytesMax),
        Number("sessionsMax", "How many sessions there may be. Default 100000.", 1, 10_000_000,
            static (config, value) => config with { SessionsMax = value }, static config => config.SessionsMax),
        Number("sessionsPerUserMax", "How many sessions one user may have. Default 100000.", 1, 10_000_000,
            static (config, value) => config with { SessionsPerUserMax = value }, static config => config.SessionsPerUserMax),
        Number("heldMebibytesMax", "How many MiB it may hold for its clients in all, in queues and unfinished messages. Default 0: a quarter of the memory that it may use.", 0, 1024 * 1024,
            static (config, value) => config with { HeldMebibytesMax = value }, static config => config.HeldMebibytesMax),
        Number("heldMebibytesPerUserMax", "How many MiB it may hold for the clients of one user. Default 0: half of what it may hold in all.", 0, 1024 * 1024,
            static (config, value) => config with { HeldMebibytesPerUserMax = value }, static config => config.HeldMebibytesPerUserMax),
        Seconds("idleTimeout", "How long a client may be silent until its connection counts as lost. Default 5s.", 1, 300,
            static (config, value) => config with { IdleTimeout = value }, static config => config.IdleTimeout),
        Seconds("helloTimeout", "How long a client may take to say hello. Default 5s.", 1, 60,
            static (config, value) => config with { HelloTimeout = value }, static config => config.HelloTimeout),
        Seconds("resumeWindow", "How long a session waits for a client that is away. Default 120s.", 0, 24 * 3_600,
            static (config, value) => config with { ResumeWindow = value }, static config => config.ResumeWindow),
        Seconds("drainWindow", "How long clients have to go elsewhere when it stops. Default 5s.", 0, 600,
            static (config, value) => config with { DrainWindow = value }, static config => config.DrainWindow) with { IsReloadable = true },
        new("control", "SOCKET", "The socket at which 'eit ctl' steers it, in a folder of mode 0700; or none. Default: in a folder of the user's.", Word,
            static (config, values) => config with { Control = values.Text == "none" ? null : values.File }, static config => config.Control ?? "none"),
        new("pidFile", "FILE", "A file for the number of its process, which no other server may hold meanwhile.", Word,
            static (config, values) => config with { PidFile = values.File }, static config => config.PidFile),
        OneOf("logFormat", "FORMAT", "How the log on the standard error is written: text or json. Default text.", ["text", "json"],
            static (config, value) => config with { LogFormat = value }, static config => config.LogFormat),
        OneOf("logLevel", "LEVEL", "From what on it is written: debug, information or warning. Default information.", ["debug", "information", "warning"],
            static (config, value) => config with { LogLevel = value }, static config => config.LogLevel) with { IsReloadable = true },
    ];

    internal static JsonObject ToJson(ServeConfig config) => new(All.Select(key => KeyValuePair.Create(key.Name, key.Show(config))));

    /// <summary>Says in JSON Schema what the file may hold, for editors.</summary>
    internal static JsonObject ToSchema()
    {
        var properties = new JsonObject { ["$schema"] = new JsonObject { ["type"] = "string" } };
        foreach (ServeKey key in All)
        {
            JsonNode value = JsonNode.Parse(key.Schema)!;
            var schema = key.IsList ? new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "array", ["items"] = value }, value.DeepClone()) } : value.AsObject();
            schema["description"] = key.Description;
            properties[key.Name] = schema;
        }
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "The configuration of eit serve",
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
    }

    private static ServeKey Number(string name, string description, int min, int max, Func<ServeConfig, int, ServeConfig> set, Func<ServeConfig, int> show) =>
        new(name, "N", description, string.Create(CultureInfo.InvariantCulture, $$"""{"type":"integer","minimum":{{min}},"maximum":{{max}}}"""),
            (config, values) => set(config, values.Number(min, max)), config => show(config));

    private static ServeKey Seconds(string name, string description, int min, int max, Func<ServeConfig, TimeSpan, ServeConfig> set, Func<ServeConfig, TimeSpan> show) =>
        new(name, "SECONDS", description, Duration, (config, values) => set(config, values.Seconds(min, max)), config => string.Create(CultureInfo.InvariantCulture, $"{show(config).TotalSeconds}s"));

    private static ServeKey OneOf(string name, string helpName, string description, string[] allowed, Func<ServeConfig, string, ServeConfig> set, Func<ServeConfig, string> show) =>
        new(name, helpName, description, $$"""{"enum":["{{string.Join("\",\"", allowed)}}"]}""", (config, values) => set(config, values.OneOf(allowed)), config => show(config));

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(static text => (JsonNode)text)]);
}
