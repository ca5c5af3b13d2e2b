using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Connection;

/// <summary>Opens transports. No dial follows a redirect or keeps a cookie (A1.3).</summary>
internal sealed class Dialler
{
    /// <summary>TCP, TLS 1.3, the upgrade.</summary>
    private const int RoundTripsOfDial = 3;

    private static readonly TimeSpan s_refuseLimit = TimeSpan.FromSeconds(1);

    private readonly EitConnectionOptions _options;
    private readonly IReadOnlyList<WireEncoding> _encodings;
    private volatile IReadOnlyList<WireEncoding> _encodingsOfSession;
    private volatile string? _lastToken;                           // That of the newest transport.

    internal Dialler(EitConnectionOptions options)
    {
        _options = options;
        _encodings = _encodingsOfSession = WireEncodings.Of(options.Encoding);
    }

    internal async Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        using var time = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _options.TimeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, time.Token);
        DialPath? path = null;
        ClientWebSocket? socket = null;
        TransportLine? line = null;
        DialPhase phase = DialPhase.Token;
        try
        {
            string? token = await AskTokenAsync(request, limit.Token).ConfigureAwait(false);
            if (request.TokenReason == TokenReason.Expiring && token is not null && token == _lastToken)
            {
                return DialResult.Failed(new DialFailure(DialFailureKind.Token, "The token provider gave the token again that is about to expire."));
            }
            time.CancelAfter(_options.DialLimit);
            phase = DialPhase.Connecting;
            socket = new ClientWebSocket();
            Prepare(socket, request, token);
            IReadOnlyList<(string Name, string Value)> headers = _options.SetsHeaders ? HeadersOf(request, token) : [];
            long began = _options.TimeProvider.GetTimestamp();
            if (OperatingSystem.IsBrowser()) { await socket.ConnectAsync(_options.Url!, limit.Token).ConfigureAwait(false); }
            else
            {
                path = new DialPath(_options, headers);
                await socket.ConnectAsync(_options.Url!, path.Invoker, limit.Token).ConfigureAwait(false);
                path.Keep();
            }
            phase = DialPhase.Welcome;
            if (WireEncodings.OfSubprotocol(socket.SubProtocol) is not { } encoding)
            {
                socket.Dispose();
                return DialResult.Failed(new DialFailure(DialFailureKind.Protocol, "The server selected none of the subprotocols offered."));
            }
            line = new TransportLine(new WebSocketTransport(socket, abort: null), request.Epoch, WireEncodings.NewReader(encoding), WireEncodings.NewWriter(encoding));
            if (!IsHelloTaken(socket)) { await line.WriteAsync(writer => writer.WriteHello(request.Hello), limit.Token).ConfigureAwait(false); }
            LineRead read = await ReadAsync(line, limit.Token).ConfigureAwait(false);
            TimeSpan roundTrip = _options.TimeProvider.GetElapsedTime(began) / RoundTripsOfDial;
            if (read.CloseCode is { } code) { return await FailAsync(line, new DialFailure(DialFailureKind.Closed, read.Reason) { Code = code, RetryAfter = RefusalReason.RetryAfterOf(read.Reason) }).ConfigureAwait(false); }
            if (read.Violation is null && line.Frames[0].Body is Welcome welcome && line.Frames[0].Type == FrameType.Welcome)
            {
                (_encodingsOfSession, _lastToken) = (WireEncodings.Of(encoding), token);
                return new DialResult(line, welcome, roundTrip, Failure: null);
            }
            string what = read.Violation?.Reason ?? $"The first frame is {line.Frames[0].Type}.";
            await line.RefuseAsync(read.Violation?.Code ?? CloseCode.BadState, what, s_refuseLimit).ConfigureAwait(false);
            return DialResult.Failed(new DialFailure(DialFailureKind.Protocol, what));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            DialFailure why = Explain(failure, socket, phase == DialPhase.Connecting && path is not null ? path.Phase : phase, limit.IsCancellationRequested);
            if (line is not null) { await line.ReleaseAsync().ConfigureAwait(false); }
            socket?.Dispose();
            return DialResult.Failed(why);
        }
        finally { path?.Dispose(); }
    }

    private static async Task<DialResult> FailAsync(TransportLine line, DialFailure failure)
    {
        await line.ReleaseAsync().ConfigureAwait(false);
        return DialResult.Failed(failure);
    }

    private async ValueTask<string?> AskTokenAsync(DialRequest request, CancellationToken cancellationToken)
    {
        if (_options.TokenProvider is not { } provider) { return null; }
        using var time = new CancellationTokenSource(_options.TokenLimit, _options.TimeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, time.Token);
        CancellationToken gone = limit.Token;
        Task<string?> asking = Task.Run(() => provider(new TokenRequest(request.TokenReason), gone).AsTask(), gone);   // A provider may block, too.
        try { return await asking.WaitAsync(limit.Token).ConfigureAwait(false); }
        catch (OperationCanceledException)
        {
            _ = asking.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }

    private static async Task<LineRead> ReadAsync(TransportLine line, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration limit = cancellationToken.UnsafeRegister(static state => ((ITransport)state!).Abort(), line.Transport);
        return await line.ReadMessageAsync().ConfigureAwait(false);
    }

    private void Prepare(ClientWebSocket socket, DialRequest request, string? token)
    {
        ClientWebSocketOptions options = socket.Options;
        if (!OperatingSystem.IsBrowser()) { (options.KeepAliveInterval, options.CollectHttpResponseDetails) = (TimeSpan.Zero, _options.SetsHeaders); }
        IReadOnlyList<WireEncoding> encodings = request.Hello.Want == HelloWant.New ? _encodings : _encodingsOfSession;   // V1.3
        foreach (WireEncoding encoding in encodings) { options.AddSubProtocol(WireEncodings.SubprotocolOf(encoding)); }
        if (_options.SetsHeaders) { return; }
        if (token is not null) { options.AddSubProtocol(WireLimits.BearerSubprotocolPrefix + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(token))); }   // A2.2
        options.AddSubProtocol(WireLimits.ClosesSubprotocol);
    }

    /// <summary>Whether the server has read the hello in the header; takes the answer's headers away, which have served.</summary>
    private bool IsHelloTaken(ClientWebSocket socket)
    {
        if (!_options.SetsHeaders) { return false; }
        bool isTaken = socket.HttpResponseHeaders is { } headers && headers.TryGetValue(WireLimits.HelloHeader, out IEnumerable<string>? answers) && answers.Contains(WireLimits.HelloTaken);
        socket.HttpResponseHeaders = null;
        return isTaken;
    }

    /// <param name="request">The dial.</param>
    /// <param name="token">The credential; null without one.</param>
    private List<(string Name, string Value)> HeadersOf(DialRequest request, string? token)
    {
        List<(string Name, string Value)> headers = [.. _options.Headers.Select(static header => (header.Key, header.Value))];
        if (token is not null)
        {
            headers.RemoveAll(static header => header.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase));
            headers.Add(("Authorization", $"Bearer {token}"));
        }
        if (!request.IsHelloFrame && JsonFrameWriter.HelloHeaderOf(request.Hello) is { } hello) { headers.Add((WireLimits.HelloHeader, hello)); }   // S1.3: else it goes as a frame.
        return headers;
    }

    private DialFailure Explain(Exception failure, ClientWebSocket? socket, DialPhase phase, bool isLimit)
    {
        int status = socket is null || !_options.SetsHeaders ? 0 : (int)socket.HttpStatusCode;
        if (status is not 0 and not (int)HttpStatusCode.SwitchingProtocols)
        {
            string? location = status is >= 300 and < 400 ? HeaderOf(socket!, "Location") : null;
            string where = location is null ? "" : $"; it points to {PeerText.Harmless(location)}, and no redirect is followed";
            return new DialFailure(DialFailureKind.Http, $"The server answered HTTP {status.ToString(CultureInfo.InvariantCulture)}{where}.") { HttpStatus = status, RetryAfter = RetryAfter(socket!), Location = location };
        }
        if (phase == DialPhase.Token) { return new DialFailure(DialFailureKind.Token, failure is OperationCanceledException ? "The token provider took too long." : $"The token provider threw {failure.GetType().Name}."); }
        if (isLimit || failure is OperationCanceledException) { return new DialFailure(DialFailureKind.Timeout, $"The dial took too long; it had come to: {phase}."); }
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is AuthenticationException) { return new DialFailure(DialFailureKind.Tls, $"TLS failed: {inner.Message}"); }
        }
        return new DialFailure(phase == DialPhase.Securing ? DialFailureKind.Tls : DialFailureKind.Network, failure.GetBaseException().Message);
    }

    private static string? HeaderOf(ClientWebSocket socket, string name) =>
        socket.HttpResponseHeaders is { } headers && headers.TryGetValue(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    private TimeSpan? RetryAfter(ClientWebSocket socket)
    {
        if (!RetryConditionHeaderValue.TryParse(HeaderOf(socket, "Retry-After"), out RetryConditionHeaderValue? value)) { return null; }
        TimeSpan? wait = value.Delta ?? (value.Date is { } date ? date - _options.TimeProvider.GetUtcNow() : null);
        return PeerBounds.ClampRetryAfter(wait);
    }
}
