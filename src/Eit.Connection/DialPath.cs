using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Eit.Connection;

/// <summary>The way of one dial to its server: a handler of its own, and the socket that comes of it. Disposed of, it takes the socket with it, unless that is to be kept.</summary>
/// <remarks>
/// A shared handler would let a dial wait for the connection that an earlier one has begun, and hold on to that one for 5 s after it was given up: where a packet was lost in the dark, no
/// redial could begin before that.
/// </remarks>
internal sealed class DialPath : IDisposable
{
    private readonly Lock _gate = new();
    private HttpMessageInvoker? _invoker;
    private volatile DialPhase _phase = DialPhase.Connecting;
    private Socket? _socket;
    private bool _isOver;

    /// <param name="options">What is said of the way.</param>
    /// <param name="headers">The headers of the request, besides those of the WebSocket.</param>
    internal DialPath(EitConnectionOptions options, IReadOnlyList<(string Name, string Value)> headers)
    {
        HttpMessageHandler way = options.World is { } world ? world.CreateHandler() : MakeHandler(options);
        _invoker = new HttpMessageInvoker(new Head(way, headers), disposeHandler: true);
    }

    internal HttpMessageInvoker Invoker => _invoker ?? throw new ObjectDisposedException(nameof(DialPath));

    /// <summary>How far it has come, up to the upgrade.</summary>
    internal DialPhase Phase => _phase;

    /// <summary>Leaves the socket to the WebSocket that now runs on it.</summary>
    internal void Keep()
    {
        lock (_gate) { _socket = null; }
    }

    public void Dispose()
    {
        Socket? socket;
        lock (_gate)
        {
            _isOver = true;
            socket = _socket;
        }
        socket?.Dispose();
        _invoker?.Dispose();
        _invoker = null;                                           // The connection refers to its callbacks as long as it lives.
    }

    private SocketsHttpHandler MakeHandler(EitConnectionOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            PlaintextStreamFilter = SecuredAsync,
        };
        if (options.Proxy is { } proxy) { (handler.UseProxy, handler.Proxy) = (true, proxy); }
        if (options.ClientCertificates.Count > 0) { handler.SslOptions.ClientCertificates = options.ClientCertificates; }
        handler.SslOptions.RemoteCertificateValidationCallback = options.PinnedCertificateSha256 is { } pin ? Pinned(pin) : options.CertificateValidation;
        return handler;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isOver, this);
                _socket = socket;
            }
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            _phase = DialPhase.Securing;
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private ValueTask<Stream> SecuredAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        _phase = DialPhase.Upgrading;
        return ValueTask.FromResult(context.PlaintextStream);
    }

    private static RemoteCertificateValidationCallback Pinned(string pin)
    {
        byte[] expected = Convert.FromHexString(pin);
        return (_, certificate, _, _) => certificate is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(certificate.GetRawCertData()), expected);
    }

    /// <summary>Puts the headers on the request, and takes them off when it is answered: it lives as long as the connection, and the hello and the token in it have served.</summary>
    private sealed class Head(HttpMessageHandler way, IReadOnlyList<(string Name, string Value)> headers) : DelegatingHandler(way)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            foreach ((string name, string value) in headers)
            {
                if (value.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0) { throw new FormatException($"The header {name} can't be sent."); }
                request.Headers.TryAddWithoutValidation(name, value);   // As ClientWebSocket does, it leaves out what is no header of a request.
            }
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            request.Headers.Clear();
            return response;
        }
    }
}
