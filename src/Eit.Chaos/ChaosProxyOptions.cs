using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Eit.Chaos;

/// <summary>Where a proxy stands and what it may use.</summary>
public sealed record ChaosProxyOptions
{
    /// <summary>Gets or sets the address on which it listens.</summary>
    /// <value>Default: a free port of the IPv4 loopback.</value>
    public IPEndPoint Listen { get; set; } = new(IPAddress.Loopback, 0);

    /// <summary>Gets or sets where it passes connections on to.</summary>
    /// <value>Required: an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</value>
    public EndPoint? Upstream { get; set; }

    /// <summary>Gets or sets what decides whatever faults draw: the same seed gives the same faults to the same connections.</summary>
    /// <value>Default 0.</value>
    public ulong Seed { get; set; }

    /// <summary>Gets or sets how long the upstream may take to be reached, and each TLS handshake to complete.</summary>
    /// <value>Default 10 s; 1 ms to 5 min.</value>
    public TimeSpan DialLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how many connections there may be at once; another one is reset.</summary>
    /// <value>Default 4,096; 1 to 100,000.</value>
    public int ConnectionsMax { get; set; } = 4_096;

    /// <summary>Gets or sets how much a connection holds in each direction before it reads no more. With latency, no more than this passes in that time.</summary>
    /// <value>Default 1 MiB; 16 KiB to 64 MiB.</value>
    public int BufferBytes { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets how many events are kept; the oldest are forgotten first.</summary>
    /// <value>Default 10,000; 1 to 1,000,000.</value>
    public int EventsMax { get; set; } = 10_000;

    /// <summary>Gets or sets the certificate with which the proxy ends its clients' TLS.</summary>
    /// <value>Default null: TLS, if any, passes through unread. Stays the caller's.</value>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Gets or sets how the proxy opens TLS to the upstream.</summary>
    /// <value>Default null: it opens none.</value>
    public SslClientAuthenticationOptions? UpstreamTls { get; set; }

    /// <summary>Gets or sets whether the proxy reads WebSockets, so that <see cref="Eit.Chaos.Faults.FrameFault"/> works: for unencrypted traffic, or with a <see cref="Certificate"/>.</summary>
    /// <value>Default false. If true, <c>eit.v1.bin</c> and WebSocket extensions are taken out of the offers of clients.</value>
    public bool ReadsFrames { get; set; }

    /// <summary>Gets or sets the clock.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Names every value that is missing or out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "EitChaos")
    {
        if (Upstream is not (IPEndPoint or DnsEndPoint)) { yield return $"{path}:Upstream must be an address: an IPEndPoint or a DnsEndPoint."; }
        if (DialLimit < TimeSpan.FromMilliseconds(1) || DialLimit > TimeSpan.FromMinutes(5)) { yield return $"{path}:DialLimit ({DialLimit}) must be 1 ms to 5 min."; }
        if (ConnectionsMax is < 1 or > 100_000) { yield return $"{path}:ConnectionsMax ({ConnectionsMax}) must be 1 to 100,000."; }
        if (BufferBytes is < 16 * 1024 or > 64 * 1024 * 1024) { yield return $"{path}:BufferBytes ({BufferBytes}) must be 16 KiB to 64 MiB."; }
        if (EventsMax is < 1 or > 1_000_000) { yield return $"{path}:EventsMax ({EventsMax}) must be 1 to 1,000,000."; }
    }
}
