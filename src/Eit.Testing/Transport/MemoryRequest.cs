using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace Eit.Testing.Transport;

/// <summary>One request to the server, with everything that ASP.NET Core wants to know of it.</summary>
internal sealed class MemoryRequest : IHttpWebSocketFeature, IHttpRequestLifetimeFeature, IDisposable
{
    private static readonly IPAddress s_clientAddress = IPAddress.Parse("192.0.2.1");

    private readonly TaskCompletionSource<IHttpResponseFeature> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FeatureCollection _features = new();
    private readonly MemoryResponse _response = new();
    private readonly CancellationTokenSource _aborted = new();
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal MemoryRequest(HttpRequestMessage message, MemoryConnection connection)
    {
        Connection = connection;
        bool isEncrypted = message.RequestUri!.Scheme is "wss" or "https";
        _features.Set<IHttpRequestFeature>(RequestOf(message, isEncrypted));
        _features.Set<IHttpResponseFeature>(_response);
        _features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        _features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { ConnectionId = Guid.NewGuid().ToString("N"), RemoteIpAddress = s_clientAddress, LocalIpAddress = IPAddress.Loopback });
        _features.Set<IHttpRequestLifetimeFeature>(this);
        _features.Set<IHttpWebSocketFeature>(this);
        if (isEncrypted) { _features.Set<ITlsHandshakeFeature>(new TlsHandshake()); }
        if (connection.Owner.User is { } user) { _features.Set<IHttpAuthenticationFeature>(new HttpAuthenticationFeature { User = PrincipalOf(user) }); }
    }

    public bool IsWebSocketRequest => true;

    public CancellationToken RequestAborted { get; set; }

    internal MemoryConnection Connection { get; }

    internal IFeatureCollection Features => _features;

    /// <summary>Ends when the server has answered.</summary>
    internal Task<IHttpResponseFeature> Answered => _answered.Task;

    /// <summary>Ends when the answer has come to the client; only once it has been given.</summary>
    internal Task AnswerArrived { get; private set; } = Task.CompletedTask;

    /// <summary>Ends when the application has finished with the request; never fails.</summary>
    internal Task Served => _served.Task;

    internal static ClaimsPrincipal PrincipalOf(string user) => new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user), new Claim(ClaimTypes.Name, user)], TestAuthentication.Scheme));

    internal void Begin(Func<MemoryRequest, Task> process)
    {
        RequestAborted = _aborted.Token;
        _ = AbortWhenLostAsync();
        _ = ServeAsync(process);
    }

    public void Abort()
    {
        _ = CancelAsync();
        Connection.ServerStream.Dispose();
    }

    public void Dispose() => _aborted.Dispose();

    public async Task<WebSocket> AcceptAsync(WebSocketAcceptContext context)
    {
        if (_answered.Task.IsCompleted) { throw new InvalidOperationException("The request has been answered."); }
        _response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        if (context.SubProtocol is { } subprotocol) { _response.Headers.SecWebSocketProtocol = subprotocol; }
        await _response.StartAsync().ConfigureAwait(false);
        WebSocket socket = WebSocket.CreateFromStream(Connection.ServerStream, new WebSocketCreationOptions { IsServer = true, SubProtocol = context.SubProtocol, KeepAliveInterval = TimeSpan.Zero });
        Answer();
        return socket;
    }

    private async Task AbortWhenLostAsync()
    {
        await Task.WhenAny(Connection.WasReset, Served).ConfigureAwait(false);
        await CancelAsync().ConfigureAwait(false);
    }

    private async Task CancelAsync()
    {
        if (Served.IsCompleted) { return; }
        try { await _aborted.CancelAsync().ConfigureAwait(false); }
        catch (ObjectDisposedException)
        {
            // It has been served meanwhile.
        }
    }

    /// <summary>Gives the answer, unless it has been given. What the application has thrown is an answer of 500, as far as there can be one.</summary>
    /// <param name="failure">What the application has thrown; its own middleware has had its chance. Null if nothing.</param>
    internal async Task AnswerAsync(Exception? failure)
    {
        if (failure is not null && !_response.HasStarted) { _response.StatusCode = StatusCodes.Status500InternalServerError; }
        await _response.StartAsync().ConfigureAwait(false);
        if (!_answered.Task.IsCompleted) { Answer(); }
        await _response.CompleteAsync().ConfigureAwait(false);
    }

    private async Task ServeAsync(Func<MemoryRequest, Task> process)
    {
        try { await process(this).ConfigureAwait(false); }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Connection.Cut(EitTestCut.Reset);                      // A callback of the response has thrown: a server ends the connection.
        }
        finally
        {
            Connection.ServerStream.Dispose();
            Dispose();
            _served.SetResult();
        }
    }

    private void Answer()
    {
        AnswerArrived = Connection.PassAsync(EitTestDirection.Down);
        Connection.IsServerOpen = _response.StatusCode == StatusCodes.Status101SwitchingProtocols;
        _answered.TrySetResult(_response);
    }

    private static HttpRequestFeature RequestOf(HttpRequestMessage message, bool isEncrypted)
    {
        var feature = new HttpRequestFeature
        {
            Method = message.Method.Method,
            Scheme = isEncrypted ? "https" : "http",
            Protocol = "HTTP/1.1",
            Path = Uri.UnescapeDataString(message.RequestUri!.AbsolutePath),
            RawTarget = message.RequestUri.PathAndQuery,
            QueryString = message.RequestUri.Query,
        };
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in message.Headers.NonValidated) { feature.Headers[name] = values.ToArray(); }
        feature.Headers.Host = message.RequestUri.Authority;
        return feature;
    }
}
