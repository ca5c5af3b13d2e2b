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
    private readonly SocketsHttpHandler _handler;
    private readonly Lock _gate = new();
    private volatile DialPhase _phase = DialPhase.Connecting;
    private Socket? _socket;
    private bool _isOver;

    internal DialPath(EitConnectionOptions options)
    {
        _handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            PlaintextStreamFilter = SecuredAsync,
        };
        if (options.Proxy is { } proxy) { (_handler.UseProxy, _handler.Proxy) = (true, proxy); }
        if (options.ClientCertificates.Count > 0) { _handler.SslOptions.ClientCertificates = options.ClientCertificates; }
        _handler.SslOptions.RemoteCertificateValidationCallback = options.PinnedCertificateSha256 is { } pin ? Pinned(pin) : options.CertificateValidation;
        Invoker = new HttpMessageInvoker(_handler, disposeHandler: true);
    }

    internal HttpMessageInvoker Invoker { get; }

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
        Invoker.Dispose();
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
}
