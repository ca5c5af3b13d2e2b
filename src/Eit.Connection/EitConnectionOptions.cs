using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Polly;

namespace Eit.Connection;

/// <summary>How a connection reaches its server and behaves.</summary>
public sealed record EitConnectionOptions
{
    /// <summary>Gets or sets the address.</summary>
    /// <value>Required; <c>wss:</c>, or <c>ws:</c> with <see cref="AllowUnencryptedForDevelopment"/>. Nothing secret belongs into it.</value>
    public Uri? Url { get; set; }

    /// <summary>Gets or sets who gives the bearer token for each dial; asked with the reason, and again with <see cref="TokenReason.Rejected"/> after a 401 and when its token has ended in use.</summary>
    /// <value>Default null: no token. A null answer: no token for this dial. What it throws is a passing failure.</value>
    public Func<TokenRequest, CancellationToken, ValueTask<string?>>? TokenProvider { get; set; }

    /// <summary>Gets or sets how long the token provider may take.</summary>
    /// <value>Default 10 s; 100 ms to 5 min.</value>
    public TimeSpan TokenLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets the headers of every dial. They never leave for another host: redirects are not followed.</summary>
    public IDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets the client certificates.</summary>
    public X509CertificateCollection ClientCertificates { get; init; } = [];

    /// <summary>Gets or sets the proxy.</summary>
    /// <value>Default null: the system's.</value>
    public IWebProxy? Proxy { get; set; }

    /// <summary>Gets or sets the SHA-256 of the one server certificate that is accepted, in hexadecimal, whoever signed it: for development and for closed systems.</summary>
    /// <value>Default null: the platform's validation.</value>
    public string? PinnedCertificateSha256 { get; set; }

    /// <summary>Gets or sets a validation of the server's certificate of the application's own.</summary>
    /// <value>Default null: the platform's.</value>
    public RemoteCertificateValidationCallback? CertificateValidation { get; set; }

    /// <summary>Gets or sets whether <c>ws:</c> is accepted. The server has an exemption of its own.</summary>
    /// <value>Default false.</value>
    public bool AllowUnencryptedForDevelopment { get; set; }

    /// <summary>Gets or sets the only encoding that is spoken: <see cref="WireEncoding.Json"/> makes the traffic readable for debugging.</summary>
    /// <value>Default null: all, <see cref="WireEncoding.Binary"/> where the server has it. A session keeps the encoding that it began with.</value>
    public WireEncoding? Encoding { get; set; }

    /// <summary>Gets or sets how long a dial may take, from the name look-up to the welcome.</summary>
    /// <value>Default 10 s; 100 ms to 5 min.</value>
    public TimeSpan DialLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long <see cref="EitConnection.StartAsync"/> waits for the first connection. The connection goes on trying after it.</summary>
    /// <value>Default 30 s; 100 ms to 1 h.</value>
    public TimeSpan StartLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long <see cref="EitConnection.CloseAsync"/> and dispose take at most.</summary>
    /// <value>Default 5 s; 0 to 5 min.</value>
    public TimeSpan CloseLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the bounds and times of the session.</summary>
    public SessionSettings Session { get; set; } = new();

    /// <summary>Gets or sets how it redials.</summary>
    public RedialOptions Redial { get; set; } = new();

    /// <summary>Gets or sets how it cycles.</summary>
    public CycleOptions Cycle { get; set; } = new();

    /// <summary>Gets or sets whether a refusal ends the connection; else it is tried again rarely (<see cref="RedialOptions.RefusedWait"/>).</summary>
    /// <value>Default false: a vehicle must not stay away for ever because a firewall erred.</value>
    public bool StopsWhenRefused { get; set; }

    /// <summary>Gets or sets whether a transport that is suspiciously silent is raced against a new one before its time-out (L2.1).</summary>
    /// <value>Default true.</value>
    public bool RacesOnSuspicion { get; set; } = true;

    /// <summary>Gets or sets the pipeline that each outage's redials run in, in place of the built-in one, which waits as <see cref="Redial"/> says.</summary>
    /// <value>Default null. The pipeline retries on <see cref="EitException"/> with <see cref="EitException.IsTransient"/>; when it gives up, the connection is closed.</value>
    public ResiliencePipeline? RedialPipeline { get; set; }

    /// <summary>Gets or sets where handlers and events run.</summary>
    /// <value>Default <see cref="CallbackContext.None"/>.</value>
    public CallbackContext CallbackContext { get; set; } = CallbackContext.None;

    /// <summary>Gets or sets whether a change of the machine's network addresses ends a wait, and moves a live connection to a new transport.</summary>
    /// <value>Default true.</value>
    public bool WatchesNetwork { get; set; } = true;

    /// <summary>Gets or sets the clock.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Gets or sets the seed of the connection's jitter.</summary>
    /// <value>Default null: another one each time.</value>
    public ulong? JitterSeed { get; set; }

    /// <summary>Gets or sets whether a dial can set headers and see the answer to its request. Where it can't, as in a browser, the token goes as a subprotocol, the hello as a frame, and refusals
    /// come as closes (A2.2 to A2.4).</summary>
    internal bool SetsHeaders { get; set; } = !OperatingSystem.IsBrowser();

    /// <summary>Gets or sets the world that the connection lives in when it is not this one: a simulated network and its time.</summary>
    internal IClientWorld? World { get; set; }

    /// <summary>Names every value that is missing or out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "Eit")
    {
        if (Url is not { IsAbsoluteUri: true }) { yield return $"{path}:Url must be an absolute address, wss://host/path."; }
        else if (Url.Scheme is "ws" && !AllowUnencryptedForDevelopment) { yield return $"{path}:Url ({Url}) is not encrypted: use wss://, or set AllowUnencryptedForDevelopment."; }
        else if (Url.Scheme is not ("ws" or "wss")) { yield return $"{path}:Url ({Url}) must begin with wss://."; }
        if (Encoding is { } encoding && !Enum.IsDefined(encoding)) { yield return $"{path}:Encoding ({encoding}) must be Json or Binary, or null for both."; }
        if (TokenLimit < TimeSpan.FromMilliseconds(100) || TokenLimit > TimeSpan.FromMinutes(5)) { yield return $"{path}:TokenLimit ({TokenLimit}) must be 100 ms to 5 min."; }
        if (DialLimit < TimeSpan.FromMilliseconds(100) || DialLimit > TimeSpan.FromMinutes(5)) { yield return $"{path}:DialLimit ({DialLimit}) must be 100 ms to 5 min."; }
        if (StartLimit < TimeSpan.FromMilliseconds(100) || StartLimit > TimeSpan.FromHours(1)) { yield return $"{path}:StartLimit ({StartLimit}) must be 100 ms to 1 h."; }
        if (CloseLimit < TimeSpan.Zero || CloseLimit > TimeSpan.FromMinutes(5)) { yield return $"{path}:CloseLimit ({CloseLimit}) must be 0 to 5 min."; }
        if (PinnedCertificateSha256 is { } pin && (pin.Length != 64 || !pin.All(char.IsAsciiHexDigit))) { yield return $"{path}:PinnedCertificateSha256 must be 64 hexadecimal digits."; }
        if (PinnedCertificateSha256 is not null && CertificateValidation is not null) { yield return $"{path}:PinnedCertificateSha256 and CertificateValidation exclude each other."; }
        if (!SetsHeaders && Headers.Count > 0) { yield return $"{path}:Headers has {Headers.Count}, and a browser lets nobody set headers; the token provider's token goes as a subprotocol."; }
        bool isOwnTls = PinnedCertificateSha256 is not null || CertificateValidation is not null || ClientCertificates.Count > 0 || Proxy is not null;
        if (OperatingSystem.IsBrowser() && isOwnTls) { yield return $"{path}:PinnedCertificateSha256, CertificateValidation, ClientCertificates and Proxy are the browser's own affair here."; }
        foreach (string fault in Session.Faults($"{path}:Session").Concat(Redial.Faults($"{path}:Redial")).Concat(Cycle.Faults($"{path}:Cycle"))) { yield return fault; }
    }
}
