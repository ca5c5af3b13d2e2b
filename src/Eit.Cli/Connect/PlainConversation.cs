using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Eit.Cli.Connect;

/// <summary>A conversation over one bare WebSocket. It ends with it; that a message was handled is not known to anybody.</summary>
internal sealed class PlainConversation(ConnectOptions options, int messageBytesMax, Func<ConnectMessage, ValueTask> onMessage, Action<string> onState) : Conversation(onMessage, onState)
{
    private const int ReadBytes = 16 * 1024;

    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private Task _receiving = Task.CompletedTask;
    private volatile bool _isFinishing;

    internal override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await options.Token.ReadAsync(cancellationToken) is { } token) { _socket.Options.SetRequestHeader("Authorization", $"Bearer {token}"); }
            _socket.Options.CollectHttpResponseDetails = true;
            if (options.ClientCertificate is { } certificate) { _socket.Options.ClientCertificates.Add(certificate); }
            if (options.TakesAnyCertificate) { _socket.Options.RemoteCertificateValidationCallback = AnyCertificate.Take; }
            if (options.PinnedCertificateSha256 is { } pin)
            {
                byte[] expected = Convert.FromHexString(pin);
                _socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null && SHA256.HashData(certificate.GetRawCertData()).AsSpan().SequenceEqual(expected);
            }
            await _socket.ConnectAsync(options.Url, cancellationToken);
        }
        catch (Exception failure) when (failure is WebSocketException or IOException or UnauthorizedAccessException)
        {
            int status = (int)_socket.HttpStatusCode;
            Fail(status is 0 or 101 ? failure.GetBaseException().Message : string.Create(CultureInfo.InvariantCulture, $"The server answered HTTP {status}."));
            throw new OperationCanceledException(Over);
        }
        Say("connected");
        _receiving = ReceiveAsync();
    }

    internal override async Task SendAsync(ConnectMessage message, CancellationToken cancellationToken)
    {
        bool isText = message.Text is not null;
        ReadOnlyMemory<byte> bytes = isText ? Encoding.UTF8.GetBytes(message.Text!) : message.Bytes;
        try { await _socket.SendAsync(bytes, isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, cancellationToken); }
        catch (WebSocketException lost)
        {
            Fail($"The connection is lost: {lost.Message}");
            throw new OperationCanceledException(Over);
        }
    }

    internal override async Task<string?> FinishAsync(CancellationToken cancellationToken)
    {
        _isFinishing = true;
        try
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, cancellationToken);
            await _receiving.WaitAsync(s_closeLimit, cancellationToken);
        }
        catch (Exception failure) when (failure is WebSocketException or TimeoutException) { return "The server has not answered the close: nothing is known of the last messages."; }
        return Problem;
    }

    public override async ValueTask DisposeAsync()
    {
        _isFinishing = true;
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
        await base.DisposeAsync();
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[ReadBytes];
        int length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length) { Array.Resize(ref buffer, buffer.Length * 2); }
                ValueWebSocketReceiveResult got = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    string code = ((int?)_socket.CloseStatus ?? 0).ToString(CultureInfo.InvariantCulture);
                    if (!_isFinishing) { Fail($"The server has closed the connection ({code}): {_socket.CloseStatusDescription}"); }
                    return;
                }
                length += got.Count;
                if (length > messageBytesMax)
                {
                    Fail(string.Create(CultureInfo.InvariantCulture, $"A message has more than {messageBytesMax} bytes."));
                    return;
                }
                if (!got.EndOfMessage) { continue; }
                byte[] message = buffer.AsSpan(0, length).ToArray();
                length = 0;
                await HandAsync(got.MessageType == WebSocketMessageType.Text ? new ConnectMessage(Encoding.UTF8.GetString(message), default) : new ConnectMessage(Text: null, message));
            }
        }
        catch (Exception lost) when (lost is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            if (!_isFinishing) { Fail($"The connection is lost: {lost.Message}"); }
        }
    }
}
