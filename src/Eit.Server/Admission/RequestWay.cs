using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Eit.Server;

/// <summary>The way that a request has come: from which end of a socket, and what is to be believed of the client behind it.</summary>
/// <remarks>The socket's own end counts, whatever middleware has made of the request's address since: a header that a client writes is no proxy's word.</remarks>
internal sealed class RequestWay
{
    private const string OriginalProtoHeader = "X-Original-Proto";  // What ASP.NET Core's ForwardedHeaders middleware leaves behind when it has used a header up.
    private const string OriginalForHeader = "X-Original-For";
    private const string OriginalHostHeader = "X-Original-Host";
    private const int NetworkBytesOfV6 = 8;

    private readonly HttpContext _context;
    private readonly IPAddress? _peer;
    private readonly bool _isLocalSocket;

    private RequestWay(HttpContext context, EitServerOptions options)
    {
        _context = context;
        EndPoint? end = EndOf(context);
        _isLocalSocket = end is UnixDomainSocketEndPoint;
        IPAddress? told = context.Request.Headers.ContainsKey(OriginalForHeader) ? null : context.Connection.RemoteIpAddress;   // Else it is a header's word.
        _peer = _isLocalSocket ? null : Plain((end as IPEndPoint)?.Address ?? told);
        IsTls = context.Features.Get<ITlsHandshakeFeature>() is not null;   // Not ITlsConnectionFeature: middleware sets that one for whoever sends a header.
        IsTrusted = _isLocalSocket ? options.TrustsUnixSockets : IsProxy(_peer, options);
        IsEncrypted = IsTls || (IsTrusted && IsSaidToBeEncrypted());
        Client = ClientOf(options);
    }

    /// <summary>Gets whether the connection itself is encrypted.</summary>
    internal bool IsTls { get; }

    /// <summary>Gets whether the other end of the connection is a proxy that the options name.</summary>
    internal bool IsTrusted { get; }

    /// <summary>Gets whether the client's way is encrypted: by the connection itself, or a trusted proxy says so.</summary>
    internal bool IsEncrypted { get; }

    /// <summary>Gets who counts as one client, for what is bounded or counted for each: its address, of IPv6 its network.</summary>
    internal string Client { get; }

    /// <summary>Gets the other end of the connection, for the log.</summary>
    internal string Peer => _isLocalSocket ? "a Unix domain socket" : _peer?.ToString() ?? "an address that the server does not tell";

    internal static RequestWay Of(HttpContext context, EitServerOptions options) => new(context, options);

    /// <summary>Says why the way does not count as encrypted, and which option to look at.</summary>
    internal string WhyUnencrypted(EitServerOptions options)
    {
        string said = $"{Forwarded.Describe(_context.Request.Headers)}, and its scheme is {_context.Request.Scheme}";
        if (IsTrusted) { return $"the connection from {Peer} has no TLS, and that trusted proxy does not say that its client's has: the request has {said}. Let the proxy set {Forwarded.ProtoHeader}."; }
        return _isLocalSocket
            ? $"the connection comes from a Unix domain socket, and EitServerOptions.TrustsUnixSockets is false, so that nothing counts of what the request has: {said}."
            : $"the connection from {Peer} has no TLS, and {Peer} is not in EitServerOptions.TrustedProxies ({ListOf(options.TrustedProxies)}), so that nothing counts of what the request has: {said}.";
    }

    /// <summary>The hosts under which the client may know this server.</summary>
    internal IEnumerable<string> OwnHosts()
    {
        yield return _context.Request.Host.Value ?? "";
        bool isUsedUp = _context.Request.Headers.ContainsKey(OriginalHostHeader);
        if (IsTrusted && !isUsedUp && Forwarded.HostOf(_context.Request.Headers) is { } forwarded) { yield return forwarded; }
    }

    /// <summary>The middleware has looked at the header already, and a server sets no scheme that its connection has not: then its word counts, for a proxy that we trust as well.</summary>
    private bool IsSaidToBeEncrypted() => Forwarded.IsEncrypted(_context.Request.Scheme)
        || (!_context.Request.Headers.ContainsKey(OriginalProtoHeader) && Forwarded.SaysEncrypted(_context.Request.Headers));

    private string ClientOf(EitServerOptions options)
    {
        bool isUsedUp = _context.Request.Headers.ContainsKey(OriginalForHeader);
        IPAddress? client = IsTrusted && !isUsedUp
            ? Forwarded.AddressesOf(_context.Request.Headers).Select(Plain).FirstOrDefault(address => !IsProxy(address, options)) ?? _peer
            : Plain(_context.Connection.RemoteIpAddress) ?? _peer;
        if (client is null) { return Peer; }
        return client.AddressFamily == AddressFamily.InterNetworkV6 && !IPAddress.IsLoopback(client) ? $"{NetworkOf(client)}/64" : client.ToString();
    }

    private static IPAddress NetworkOf(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytesOfV6).Clear();
        return new IPAddress(bytes);
    }

    private static EndPoint? EndOf(HttpContext context)
    {
        try
        {
            if (context.Features.Get<IConnectionSocketFeature>() is { } socket) { return socket.Socket.RemoteEndPoint ?? new UnixDomainSocketEndPoint("/"); }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return new IPEndPoint(IPAddress.None, 0);              // The client has gone meanwhile: it is nobody's proxy.
        }
        return context.Features.Get<IConnectionEndPointFeature>()?.RemoteEndPoint;
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    private static bool IsProxy(IPAddress? address, EitServerOptions options) => address is not null && options.TrustedProxies.Any(network => network.Contains(address));

    private static string ListOf(IList<IPNetwork> networks) => networks.Count == 0 ? "it is empty" : string.Join(", ", networks);
}
