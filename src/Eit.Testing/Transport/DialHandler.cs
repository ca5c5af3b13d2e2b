using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Eit.Testing.Transport;

/// <summary>Carries one dial through the network to the server: TCP and TLS as two round trips, then the request.</summary>
internal sealed class DialHandler(ClientEnd client) : HttpMessageHandler
{
    private const int RoundTripsBeforeRequest = 2;
    private const string WebSocketGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static readonly TimeSpan s_redialTime = TimeSpan.FromMilliseconds(1);   // So that both ends have noticed the loss of a transport before there is another one.

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        EitTestNetwork network = client.Network;
        var connection = new MemoryConnection(network, client);
        bool isOpen = false;
        using CancellationTokenRegistration givenUp = cancellationToken.UnsafeRegister(static state => ((MemoryConnection)state!).Cut(EitTestCut.Reset), connection);
        try
        {
            if (client.CountDial() > 1) { connection.HoldBack(s_redialTime); }
            for (int i = 0; i < RoundTripsBeforeRequest; i++)
            {
                await connection.PassAsync(EitTestDirection.Up).ConfigureAwait(false);
                await connection.PassAsync(EitTestDirection.Down).ConfigureAwait(false);
                if (network.RefusesConnections || network.World.Server is not { IsListening: true }) { throw new HttpRequestException(HttpRequestError.ConnectionError, $"{network.Name}: the connection was refused."); }
            }
            await connection.PassAsync(EitTestDirection.Up).ConfigureAwait(false);
            if (network.DialAnswer is { } status)
            {
                await connection.PassAsync(EitTestDirection.Down).ConfigureAwait(false);
                return new HttpResponseMessage(status) { RequestMessage = request };
            }
            MemoryServer server = network.World.Server ?? throw new IOException("The server has gone.");
            HttpResponseMessage response = await AskAsync(server, request, connection, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            isOpen = response.StatusCode == HttpStatusCode.SwitchingProtocols;
            return response;
        }
        catch (IOException lost)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{network.Name}: the connection was lost.", lost);
        }
        finally
        {
            connection.IsClientOpen = isOpen;
            if (!isOpen) { connection.Cut(EitTestCut.Reset); }
        }
    }

    private static async Task<HttpResponseMessage> AskAsync(MemoryServer server, HttpRequestMessage request, MemoryConnection connection, CancellationToken cancellationToken)
    {
        MemoryRequest asked = server.Serve(request, connection);
        await Task.WhenAny(asked.Answered, connection.Lost).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!asked.Answered.IsCompleted) { throw new IOException("The connection in memory is lost."); }
        IHttpResponseFeature answer = await asked.Answered.ConfigureAwait(false);
        await asked.AnswerArrived.ConfigureAwait(false);
        var response = new HttpResponseMessage((HttpStatusCode)answer.StatusCode) { RequestMessage = request };
        if (answer.StatusCode == StatusCodes.Status101SwitchingProtocols)
        {
            response.Content = new DuplexContent(connection.ClientStream);
            response.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            response.Headers.TryAddWithoutValidation("Upgrade", "websocket");
            response.Headers.TryAddWithoutValidation("Sec-WebSocket-Accept", AcceptOf(request));
        }
        foreach ((string name, StringValues values) in answer.Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values)) { response.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values); }
        }
        return response;
    }

    /// <summary>What RFC 6455 wants of a server, to show that it has understood.</summary>
    private static string AcceptOf(HttpRequestMessage request)
    {
        string key = request.Headers.GetValues("Sec-WebSocket-Key").Single();
        return Convert.ToBase64String(CryptographicOperations.HashData(HashAlgorithmName.SHA1, Encoding.ASCII.GetBytes(key + WebSocketGuid)));
    }

    /// <summary>The stream of a connection that has been upgraded.</summary>
    private sealed class DuplexContent(Stream stream) : HttpContent
    {
        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => stream;

        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
