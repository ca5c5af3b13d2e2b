using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace Eit.Compat;

/// <summary>A running server, or clients, of one age.</summary>
internal sealed class EndProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _said = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _complaints = new();
    private bool _isDisposed;

    private EndProcess(Age age, string notes, X509Certificate2 certificate, IEnumerable<string> arguments)
    {
        (Age, Notes) = (age, notes);
        var start = new ProcessStartInfo("dotnet", [age.Program, .. arguments, $"notes={notes}"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["EIT_COMPAT_CERTIFICATE"] = Convert.ToBase64String(certificate.Export(X509ContentType.Pkcs12));
        start.Environment["DOTNET_gcServer"] = "0";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } said) { _said.Writer.TryWrite(said); }
            else { _said.Writer.TryComplete(); }
        };
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_complaints) { _complaints.AppendLine(line.Data); }
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Age Age { get; }

    /// <summary>Gets the path of what it notes.</summary>
    public string Notes { get; }

    /// <summary>Gets what it has written to its standard error.</summary>
    public string Complaints
    {
        get
        {
            lock (_complaints) { return _complaints.ToString().Trim(); }
        }
    }

    public static EndProcess Server(Age age, string notes, X509Certificate2 certificate, Tempo tempo) => new(age, notes, certificate, ["server", .. Arguments(tempo)]);

    public static EndProcess Clients(Age age, string notes, X509Certificate2 certificate, Tempo tempo, int count, string name, int port) => new(age, notes, certificate,
    [
        "client", .. Arguments(tempo), string.Create(CultureInfo.InvariantCulture, $"count={count}"), $"name={name}",
        string.Create(CultureInfo.InvariantCulture, $"url=wss://127.0.0.1:{port}/compat"), $"pin={certificate.GetCertHashString(HashAlgorithmName.SHA256)}",
    ]);

    /// <summary>Waits until it says a line that begins with a word.</summary>
    /// <returns>The rest of the line; null if it does not say it in time, or ends before.</returns>
    public async Task<string?> HearAsync(string word, TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        try
        {
            await foreach (string line in _said.Reader.ReadAllAsync(late.Token))
            {
                if (line.StartsWith(word, StringComparison.Ordinal)) { return line[word.Length..].Trim(); }
            }
        }
        catch (OperationCanceledException)
        {
            // It is late.
        }
        return null;
    }

    public void Tell(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It is gone; its notes lack their end.
        }
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>False if it had to be killed, or has failed.</returns>
    public async Task<bool> EndedAsync(TimeSpan limit)
    {
        try { await _process.WaitForExitAsync().WaitAsync(limit); }
        catch (TimeoutException)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            return false;
        }
        return _process.ExitCode == 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) { return; }
        _isDisposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private static string[] Arguments(Tempo tempo) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"pace={(int)tempo.Pace.TotalMilliseconds}"),
        string.Create(CultureInfo.InvariantCulture, $"cycle={(int)tempo.Cycle.TotalMilliseconds}"),
        string.Create(CultureInfo.InvariantCulture, $"patience={(int)tempo.Patience.TotalMilliseconds}"),
    ];
}
