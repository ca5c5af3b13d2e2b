using System.Net;
using System.Security.Claims;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Http;

namespace Eit.Server;

/// <summary>How a server admits clients and keeps their sessions.</summary>
public sealed record EitServerOptions
{
    /// <summary>Gets or sets the bounds and times of each session.</summary>
    public SessionSettings Session { get; set; } = new();

    /// <summary>Gets or sets how many sessions are kept, and how much of them.</summary>
    public DirectoryLimits Limits { get; set; } = new();

    /// <summary>Gets or sets the bounds of channels and timeouts.</summary>
    public EitChannelOptions Channels { get; set; } = new();

    /// <summary>Gets or sets the only encoding that is spoken: <see cref="WireEncoding.Json"/> makes the traffic readable for debugging.</summary>
    /// <value>Default null: all, <see cref="WireEncoding.Binary"/> where the client has it. A client that offers only others is answered 400, also one that would resume a session which
    /// it began in another encoding: until it gives that session up it stays away.</value>
    public WireEncoding? Encoding { get; set; }

    /// <summary>Gets or sets the shortest time-out that a client may ask for (S3.1).</summary>
    /// <value>Default 1 s; 100 ms to <see cref="ClientTimeoutMax"/>.</value>
    public TimeSpan ClientTimeoutMin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets the longest time-out that a client may ask for (S3.1).</summary>
    /// <value>Default 5 min; at most 1 h.</value>
    public TimeSpan ClientTimeoutMax { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Gets or sets how long a client may take to say hello (S1.5).</summary>
    /// <value>Default 5 s; 100 ms to 1 min.</value>
    public TimeSpan HelloLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how many transports may be open whose client has not said hello yet; more are answered 503 (A1.8). One whose hello is in the header of its request does not count.</summary>
    /// <value>Default 2,000, each of which may cost 400 KiB; 1 to 1,000,000.</value>
    public int TransportsWithoutHelloMax { get; set; } = 2_000;

    /// <summary>Gets or sets how many of <see cref="TransportsWithoutHelloMax"/> one principal may have.</summary>
    /// <value>Default 500; 1 to 1,000,000.</value>
    public int TransportsWithoutHelloPerPrincipalMax { get; set; } = 500;

    /// <summary>Gets or sets how many of <see cref="TransportsWithoutHelloMax"/> one address may have, of IPv6 one /64 network.</summary>
    /// <value>Default 500; 1 to 1,000,000. Behind a proxy that is not among <see cref="TrustedProxies"/> all clients have the proxy's.</value>
    public int TransportsWithoutHelloPerAddressMax { get; set; } = 500;

    /// <summary>Gets or sets after what time without a sign of life a plain client is given up: it is sent a WebSocket ping after a third of it.</summary>
    /// <value>Default 30 s; 1 s to 1 h. The platform sees the answer only while it reads, and it does not read on while the session is full of messages that the handlers
    /// have not finished with: handlers that keep a plain client waiting for longer lose it. The ping itself waits behind a message that is being written.</value>
    public TimeSpan PlainClientTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how many clients at once are told by a close why they are refused, because they can't see an HTTP answer (A2.4): each holds a WebSocket for up to a second, and counts
    /// among those of its address without hello (<see cref="TransportsWithoutHelloPerAddressMax"/>). Those beyond it get the answer.</summary>
    /// <value>Default 256; 0 to 100,000.</value>
    public int RefusalsByCloseMax { get; set; } = 256;

    /// <summary>Gets or sets the origins from which a browser may connect, besides the server's own: <c>https://app.example</c>; with <c>https://*.app.example</c> all its sub-domains, and not
    /// itself; with <c>null</c> pages without an origin, such as files and frames in a sandbox.</summary>
    /// <value>Default none. A slash at the end, the scheme's own port, casing and the spelling of other alphabets count for nothing. Read once, at the first request.</value>
    public IList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Gets or sets a check of the application's own for an origin that neither is the server's nor stands in <see cref="AllowedOrigins"/>: true lets the browser in.</summary>
    /// <value>Default null. It is given the origin as the browser has sent it, whatever that is; it must not throw, and is called on several threads.</value>
    public Func<string, bool>? AllowsOrigin { get; set; }

    /// <summary>Gets or sets the claims of which the first that a principal has is its key: sessions belong to it, and only it may resume them.</summary>
    /// <value>Default <see cref="ClaimTypes.NameIdentifier"/>, <c>sub</c>, <see cref="ClaimTypes.Name"/>. A principal without any of them has sessions that can't be resumed.</value>
    public IList<string> PrincipalClaims { get; init; } = [ClaimTypes.NameIdentifier, "sub", ClaimTypes.Name];

    /// <summary>Gets or sets the networks of the proxies that end TLS in front of this server. Only what comes over a connection from there is believed, of <c>X-Forwarded-Proto</c>, <c>X-Forwarded-Host</c>,
    /// <c>X-Forwarded-For</c> and <c>Forwarded</c> the last word, and the scheme that ASP.NET Core's middleware for forwarded headers has made of it.</summary>
    /// <value>Default none: nobody's word counts. The address is that of the connection, whatever middleware makes of the request's.</value>
    public IList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Gets or sets whether a proxy that comes over a Unix domain socket is trusted as one of <see cref="TrustedProxies"/> is.</summary>
    /// <value>Default false. Who may connect to the socket is for its file's and folder's modes to say.</value>
    public bool TrustsUnixSockets { get; set; }

    /// <summary>Gets or sets how many new transports a second the server can take, from which it works out over what time its clients should spread their redials.</summary>
    /// <value>Default 500; 1 to 1,000,000.</value>
    public int AcceptsPerSecond { get; set; } = 500;

    /// <summary>Gets or sets the shortest spread.</summary>
    /// <value>Default 0, so that the clients of a small server are back at once; 0 to <see cref="SpreadMax"/>.</value>
    public TimeSpan SpreadMin { get; set; }

    /// <summary>Gets or sets the longest spread.</summary>
    /// <value>Default 60 s; at most 10 min.</value>
    public TimeSpan SpreadMax { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets the time that clients have to go elsewhere when the host stops; it is shortened to fit into the host's own shutdown time-out, and ends as soon as nobody is left that can go.</summary>
    /// <remarks>They are asked over as much of it as <see cref="AcceptsPerSecond"/> makes necessary. What is left is closed, in 4 s at most.</remarks>
    /// <value>Default 5 s: with the closes the drain fits into the 10 s that container runtimes give. 0 to 10 min.</value>
    public TimeSpan DrainWindow { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets whether an exception of a handler ends its session (<c>handler-failed</c>); else it is logged, and the sender of the message is told <see cref="SendOutcome.Failed"/>.</summary>
    /// <value>Default false.</value>
    public bool ClosesOnHandlerFailure { get; set; }

    /// <summary>Gets or sets whose the session of a request is: a tenant, a customer. What an owner's sessions may hold, and how many there may be, is bounded by <see cref="Limits"/>.</summary>
    /// <value>Default null: the principal's key; all whose principal has no name are one owner. So are those for whom it returns null and whose principal has no name. A client for whom it throws is not let in.</value>
    public Func<HttpContext, string?>? OwnerOf { get; set; }

    /// <summary>Gets or sets a check of the application's own, after the guard and before the upgrade: false refuses the client with 403.</summary>
    /// <value>Default null.</value>
    public Func<HttpContext, ValueTask<bool>>? Admits { get; set; }

    /// <summary>Gets or sets a check of the application's own whenever a client wants to resume or cycle a session, before any data moves: false ends the session with <c>forbidden</c>
    /// (4600). It is asked with the session, whose <see cref="EitSession.Principal"/> is still the one before, and the new request, whose <see cref="HttpContext.User"/> becomes the session's
    /// if it may go on.</summary>
    /// <value>Default null: the same principal may go on. It runs beside the session's handler and may take <see cref="HelloLimit"/>; if it takes longer or throws, the transport is refused
    /// with <c>overloaded</c> (4200), and the session waits.</value>
    public Func<EitSession, HttpContext, ValueTask<bool>>? MayResume { get; set; }

    /// <summary>Gets or sets the seed of the jitter of the sessions, each of which gets another seed from it.</summary>
    /// <value>Default null: others each time.</value>
    public ulong? JitterSeed { get; set; }

    /// <summary>Gets the exemption from the guard; null unless <see cref="ExemptForDevelopment"/> was called.</summary>
    internal DevelopmentExemption? Exemption { get; private set; }

    /// <summary>Lets clients in that are not encrypted or not authenticated. The host refuses to start with this unless its environment is Development, or the one that is named.</summary>
    /// <param name="unencrypted">Whether <c>ws:</c> is let in.</param>
    /// <param name="anonymous">Whether clients without a credential are let in; their sessions belong to <c>anonymous</c>.</param>
    /// <param name="environment">Another environment in which the host may start with it; never Production.</param>
    /// <remarks>Without TLS a browser's page counts as the server's own only if its host is <c>localhost</c> or an address: any other name may be one that was made to point here.
    /// There is no exemption while one of ASPNETCORE_ENVIRONMENT and DOTNET_ENVIRONMENT says Production, whichever wins.</remarks>
    /// <exception cref="ArgumentException">The environment is Production, or no name.</exception>
    public void ExemptForDevelopment(bool unencrypted, bool anonymous, string? environment = null)
    {
        if (environment is not null && DevelopmentExemption.FaultOf(environment) is { } fault) { throw new ArgumentException(fault, nameof(environment)); }
        Exemption = new DevelopmentExemption(unencrypted, anonymous, environment);
    }

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "EitServer")
    {
        if (Encoding is { } encoding && !Enum.IsDefined(encoding)) { yield return $"{path}:Encoding ({encoding}) must be Json or Binary, or null for both."; }
        if (ClientTimeoutMin < TimeSpan.FromMilliseconds(100)) { yield return $"{path}:ClientTimeoutMin ({ClientTimeoutMin}) must be at least 100 ms."; }
        if (ClientTimeoutMin > ClientTimeoutMax) { yield return $"{path}:ClientTimeoutMin ({ClientTimeoutMin}) must not exceed ClientTimeoutMax ({ClientTimeoutMax})."; }
        if (ClientTimeoutMax > TimeSpan.FromHours(1)) { yield return $"{path}:ClientTimeoutMax ({ClientTimeoutMax}) must be at most 1 h."; }
        if (HelloLimit < TimeSpan.FromMilliseconds(100) || HelloLimit > TimeSpan.FromMinutes(1)) { yield return $"{path}:HelloLimit ({HelloLimit}) must be 100 ms to 1 min."; }
        foreach ((string name, int value) in new[] { (nameof(TransportsWithoutHelloMax), TransportsWithoutHelloMax), (nameof(TransportsWithoutHelloPerPrincipalMax), TransportsWithoutHelloPerPrincipalMax), (nameof(TransportsWithoutHelloPerAddressMax), TransportsWithoutHelloPerAddressMax) })
        {
            if (value is < 1 or > 1_000_000) { yield return $"{path}:{name} ({value}) must be 1 to 1,000,000."; }
        }
        if (PlainClientTimeout < TimeSpan.FromSeconds(1) || PlainClientTimeout > TimeSpan.FromHours(1)) { yield return $"{path}:PlainClientTimeout ({PlainClientTimeout}) must be 1 s to 1 h."; }
        if (RefusalsByCloseMax is < 0 or > 100_000) { yield return $"{path}:RefusalsByCloseMax ({RefusalsByCloseMax}) must be 0 to 100,000."; }
        if (AcceptsPerSecond is < 1 or > 1_000_000) { yield return $"{path}:AcceptsPerSecond ({AcceptsPerSecond}) must be 1 to 1,000,000."; }
        if (SpreadMin < TimeSpan.Zero || SpreadMin > SpreadMax) { yield return $"{path}:SpreadMin ({SpreadMin}) must be 0 to SpreadMax ({SpreadMax})."; }
        if (SpreadMax > TimeSpan.FromMinutes(10)) { yield return $"{path}:SpreadMax ({SpreadMax}) must be at most 10 min."; }
        if (DrainWindow < TimeSpan.Zero || DrainWindow > TimeSpan.FromMinutes(10)) { yield return $"{path}:DrainWindow ({DrainWindow}) must be 0 to 10 min."; }
        foreach (string origin in AllowedOrigins)
        {
            if (OriginRules.FaultOf(origin) is { } fault) { yield return $"{path}:AllowedOrigins has {fault}."; }
        }
        foreach (string wrong in Session.Faults($"{path}:Session").Concat(Limits.Faults($"{path}:Limits")).Concat(Channels.Faults($"{path}:Channels"))) { yield return wrong; }
    }
}
