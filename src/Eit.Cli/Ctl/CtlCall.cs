using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Eit.Cli.Serve;

namespace Eit.Cli.Ctl;

/// <summary>One request to a running server, and what is shown of its answer.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">The path and query.</param>
/// <param name="Body">What is sent with it; null for nothing.</param>
internal sealed record CtlCall(HttpMethod Method, string Target, string? Body = null)
{
    private const int Refused = 1;
    private const int NoServer = 3;
    private const int SocketLevel = 1;                             // SOL_SOCKET and SO_PEERCRED of Linux
    private const int PeerCredentials = 17;
    private const int PeerCredentialsBytes = 12;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(1);

    /// <summary>Gets whether it is asked again every second, until it is interrupted.</summary>
    internal bool Repeats { get; init; }

    /// <summary>Asks, and shows.</summary>
    /// <param name="socket">Where the server is steered.</param>
    /// <param name="isJson">Whether the answer is shown as it came.</param>
    /// <param name="output">Where an answer goes.</param>
    /// <param name="error">Where a refusal goes.</param>
    /// <param name="interrupted">Ends the wait.</param>
    /// <returns>The exit code.</returns>
    /// <param name="isNamed">Whether somebody has named the socket; else it is where a server of this user puts it.</param>
    internal async Task<int> RunAsync(string socket, bool isNamed, bool isJson, TextWriter output, TextWriter error, CancellationToken interrupted)
    {
        bool mayBeAnothers = isNamed && FileFacts.AreTold && FileFacts.CurrentUser == 0;
        if (ControlSocket.FaultOf(socket, mayBeAnothers) is { } fault) { return await FailAsync(error, NoServer, fault); }
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, cancel) => ConnectAsync(socket, cancel) }) { Timeout = s_limit };
        try
        {
            int exitCode = await AskAsync(http, isJson, output, error, interrupted);
            if (!Repeats) { return exitCode; }
            using var timer = new PeriodicTimer(s_every);
            while (exitCode == 0 && await timer.WaitForNextTickAsync(interrupted)) { exitCode = await AskAsync(http, isJson, output, error, interrupted); }
            return exitCode;
        }
        catch (HttpRequestException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied }) { return await FailAsync(error, NoServer, $"This user may not use {socket}: a server is steered by its owner."); }
        catch (HttpRequestException failure) when (failure.InnerException is UnauthorizedAccessException stranger) { return await FailAsync(error, NoServer, stranger.Message); }
        catch (HttpRequestException) { return await FailAsync(error, NoServer, $"No server is steered at {socket}."); }
        catch (OperationCanceledException) when (Repeats && interrupted.IsCancellationRequested) { return 0; }
        catch (OperationCanceledException) { return await FailAsync(error, NoServer, interrupted.IsCancellationRequested ? "Interrupted." : $"The server that is steered at {socket} does not answer."); }
        catch (Exception strange) when (strange is JsonException or InvalidOperationException or FormatException) { return await FailAsync(error, NoServer, $"What answers at {socket} is no server of eit."); }
    }

    private async Task<int> AskAsync(HttpClient http, bool isJson, TextWriter output, TextWriter error, CancellationToken interrupted)
    {
        using var request = new HttpRequestMessage(Method, new Uri($"http://localhost{Target}")) { Content = Body is null ? null : new StringContent(Body, Encoding.UTF8) };
        using HttpResponseMessage answer = await http.SendAsync(request, interrupted);
        string text = await answer.Content.ReadAsStringAsync(interrupted);
        JsonNode? body = JsonNode.Parse(text);
        if (!answer.IsSuccessStatusCode) { return await FailAsync(error, Refused, body?["error"]?.GetValue<string>() ?? text); }
        await output.WriteAsync(isJson ? Terminal.Lines(text) : Repeats ? $"{Show(body)}\n" : Show(body));
        await output.FlushAsync(CancellationToken.None);
        return 0;
    }

    /// <summary>Shows an answer to people: a line for each member, a table of a list.</summary>
    internal static string Show(JsonNode? answer) => answer switch
    {
        JsonArray list => ShowTable(list),
        JsonObject one => string.Concat(one.Select(static member => $"{member.Key}: {TextOf(member.Value)}\n")),
        _ => "",
    };

    private static string ShowTable(JsonArray list)
    {
        if (list.Count == 0) { return "none\n"; }
        string[] heads = [.. list[0]!.AsObject().Select(static member => member.Key)];
        string[][] rows = [heads, .. list.Select(row => heads.Select(head => TextOf(row![head])).ToArray())];
        int[] widths = [.. heads.Select((_, column) => rows.Max(row => row[column].Length))];
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
    }

    /// <summary>Shows a value; names that clients have chosen can't steer a terminal.</summary>
    private static string TextOf(JsonNode? value)
    {
        string text = value switch
        {
            null => "-",
            JsonArray { Count: 0 } => "none",
            JsonArray list => string.Join(", ", list.Select(TextOf)),
            JsonValue number when number.GetValueKind() == JsonValueKind.Number => number.ToJsonString().ToString(CultureInfo.InvariantCulture),
            _ => value.ToString(),
        };
        return Terminal.Line(text);
    }

    private static async Task<int> FailAsync(TextWriter error, int exitCode, string why)
    {
        await Terminal.FailAsync(error, why);
        return exitCode;
    }

    /// <summary>Demands that the owner of the socket's folder, or root, listens there.</summary>
    private static void RequireOwner(Socket socket, string path)
    {
        if (!OperatingSystem.IsLinux() || FileFacts.Of(Path.GetDirectoryName(path)!) is not { } folder) { return; }
        byte[] credentials = new byte[PeerCredentialsBytes];
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        uint peer = BitConverter.ToUInt32(credentials, sizeof(int));   // Process, user, group.
        if (peer != folder.Owner && peer != 0) { throw new UnauthorizedAccessException($"What listens at {path} runs as {OwnFiles.User(peer)}, and its folder belongs to {OwnFiles.User(folder.Owner)}."); }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            RequireOwner(socket, path);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
