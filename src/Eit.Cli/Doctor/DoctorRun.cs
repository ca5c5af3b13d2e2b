using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Cli.Doctor;

/// <summary>One run of the verb <c>doctor</c>: the way to an endpoint step by step, up to the first one that fails.</summary>
internal sealed class DoctorRun(DoctorOptions options, TimeProvider time, Action<DoctorFinding> report)
{
    private const int LargeChars = 256 * 1024;                     // many pieces, and more than proxies like to hold
    private const int NotWell = 1;

    /// <summary>Examines the way.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync(CancellationToken interrupted)
    {
        string? token;
        try { token = await options.Token.ReadAsync(interrupted); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { return Tell(new DoctorFinding("Token", $"it can't be read: {failure.Message}", "Check --token-file.")) ? 0 : NotWell; }
        bool isWell = await WayAsync(token, interrupted) && await ConversationAsync(interrupted);
        return isWell ? 0 : NotWell;
    }

    private bool Tell(DoctorFinding finding)
    {
        report(finding);
        return finding.IsWell;
    }

    /// <summary>Name, connection, TLS and HTTP, by hand, so that each can be told from the others.</summary>
    private async Task<bool> WayAsync(string? token, CancellationToken interrupted)
    {
        IPAddress[]? addresses = await ResolveAsync(interrupted);
        if (addresses is null || await ConnectAsync(addresses, interrupted) is not { } socket) { return false; }
        await using var transport = new NetworkStream(socket, ownsSocket: true);
        using var limit = Limit(interrupted);
        try
        {
            (Stream? stream, DoctorFinding tls) = await new DoctorTls(options, time).OpenAsync(transport, limit.Token);
            if (!Tell(tls)) { return false; }
            await using (stream) { return (await DoctorHttp.AskAsync(stream!, options.Url, token, limit.Token)).All(Tell); }
        }
        catch (IOException lost) { return Tell(new DoctorFinding("HTTP", lost.Message, "Something on the way does not like the request: a firewall, or a proxy that knows no WebSocket.")); }
        catch (OperationCanceledException) when (!interrupted.IsCancellationRequested) { return Tell(new DoctorFinding("HTTP", $"no answer within {Seconds(options.StepLimit)}", "The server hangs, or something on the way swallows what is sent.")); }
    }

    private async Task<IPAddress[]?> ResolveAsync(CancellationToken interrupted)
    {
        using var limit = Limit(interrupted);
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(options.Url.IdnHost, limit.Token);
            Tell(new DoctorFinding("DNS", $"{options.Url.IdnHost} is {string.Join(", ", addresses.Select(static address => address.ToString()))}"));
            return addresses;
        }
        catch (SocketException failure) { Tell(new DoctorFinding("DNS", $"the name {options.Url.IdnHost} is not known: {failure.Message}", "Check the name, and the name servers of this machine.")); }
        catch (OperationCanceledException) when (!interrupted.IsCancellationRequested) { Tell(new DoctorFinding("DNS", $"no answer within {Seconds(options.StepLimit)}", "Check the name servers of this machine.")); }
        return null;
    }

    private async Task<Socket?> ConnectAsync(IPAddress[] addresses, CancellationToken interrupted)
    {
        DoctorFinding? last = null;
        foreach (IPAddress address in addresses)
        {
            var place = new IPEndPoint(address, options.Url.Port);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var limit = Limit(interrupted);
            long began = time.GetTimestamp();
            try
            {
                await socket.ConnectAsync(place, limit.Token);
                Tell(new DoctorFinding("TCP", $"{place} answers within {Milliseconds(time.GetElapsedTime(began))}"));
                return socket;
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused) { last = new DoctorFinding("TCP", $"nothing listens at {place}", "Check that the server runs, and where it listens."); }
            catch (SocketException failure) { last = new DoctorFinding("TCP", $"{place} can't be reached: {failure.Message}", "Check the network, and the route to the server."); }
            catch (OperationCanceledException) when (!interrupted.IsCancellationRequested) { last = new DoctorFinding("TCP", $"{place} does not answer within {Seconds(options.StepLimit)}", "A firewall may drop the connection."); }
            socket.Dispose();
        }
        if (last is not null) { Tell(last); }
        return null;
    }

    /// <summary>Hello, and messages, as every client.</summary>
    private async Task<bool> ConversationAsync(CancellationToken interrupted)
    {
        await using var client = new EitConnection(new EitConnectionOptions
        {
            Url = options.Url,
            TokenProvider = async (_, cancel) => await options.Token.ReadAsync(cancel),
            ClientCertificates = options.ClientCertificate is { } certificate ? [certificate] : [],
            CertificateValidation = options.TakesAnyCertificate ? AnyCertificate.Take : null,
            PinnedCertificateSha256 = options.PinnedCertificateSha256,
        });
        string nonce = $"eit doctor {Convert.ToHexString(RandomNumberGenerator.GetBytes(8))}";
        var echo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.OnMessage(text =>
        {
            if (text == nonce) { echo.TrySetResult(); }
            return default;
        });
        long began = time.GetTimestamp();
        using (var limit = Limit(interrupted))
        {
            string why = "nothing";
            client.StateChanged += (_, change) => why = change.Reason;
            client.Start();
            try { await client.WaitUntilConnectedAsync(limit.Token); }
            catch (Exception failure) when (failure is EitException || (failure is OperationCanceledException && !interrupted.IsCancellationRequested))
            {
                return Tell(new DoctorFinding("Hello", $"no welcome within {Seconds(options.StepLimit)}; the last that was heard: {why}", "The way drops WebSocket frames, or the server is too busy; its log says more."));
            }
        }
        Tell(new DoctorFinding("Hello", $"welcome within {Milliseconds(time.GetElapsedTime(began))}, TCP and TLS included"));
        return !options.SendsMessages || (await EchoAsync(client, nonce, echo.Task, interrupted) && await LargeAsync(client, interrupted));
    }

    private async Task<bool> EchoAsync(EitConnection client, string nonce, Task echo, CancellationToken interrupted)
    {
        long began = time.GetTimestamp();
        if (await SendAsync(client, nonce, interrupted) is { } fault) { return Tell(new DoctorFinding("Message", $"a message was not handled: {fault}", "The server's handler hangs, or the way back is blocked; the server's log says more.")); }
        TimeSpan took = time.GetElapsedTime(began);
        await echo.WaitAsync(options.EchoLimit, time, interrupted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        string back = echo.IsCompletedSuccessfully ? "and came back" : "and did not come back: this endpoint does not echo";
        return Tell(new DoctorFinding("Message", $"a message was handled within {Milliseconds(took)}, {back}"));
    }

    private async Task<bool> LargeAsync(EitConnection client, CancellationToken interrupted)
    {
        long began = time.GetTimestamp();
        try
        {
            if (await SendAsync(client, new string('x', LargeChars), interrupted) is { } fault) { return Tell(new DoctorFinding("Large message", $"256 KiB were not handled: {fault}", "Something on the way limits what a WebSocket may carry, or is very slow.")); }
        }
        catch (ArgumentException) { return Tell(new DoctorFinding("Large message", "the server takes no message of 256 KiB: not tried")); }
        return Tell(new DoctorFinding("Large message", $"256 KiB were handled within {Milliseconds(time.GetElapsedTime(began))}"));
    }

    private async Task<string?> SendAsync(EitConnection client, string text, CancellationToken interrupted)
    {
        SendOutcome outcome = await client.SendAsync(text, new SendOptions { AcceptWithin = options.StepLimit, CompleteWithin = options.StepLimit }, interrupted);
        if (outcome == SendOutcome.TooLarge) { throw new ArgumentException("The message is larger than the server takes.", nameof(text)); }
        return outcome == SendOutcome.Processed ? null : string.Create(CultureInfo.InvariantCulture, $"{outcome} after {Seconds(options.StepLimit)}");
    }

    private CancellationTokenSource Limit(CancellationToken interrupted)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        limit.CancelAfter(options.StepLimit);
        return limit;
    }

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds} s");

    private static string Milliseconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.0} ms");
}
