using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace Eit.Cli.Tests;

/// <summary>The tool in a process of its own.</summary>
internal sealed class EitProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _errors = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _errorText = new();
    private readonly Task _readingErrors;

    private EitProcess(Process process)
    {
        _process = process;
        _readingErrors = ReadErrorsAsync();
    }

    internal int Id => _process.Id;

    internal StreamWriter Input => _process.StandardInput;

    internal StreamReader Output => _process.StandardOutput;

    internal string ErrorText
    {
        get
        {
            lock (_errorText) { return _errorText.ToString(); }
        }
    }

    internal static EitProcess Start(params string[] arguments) => Start(environment: null, arguments);

    internal static EitProcess Start(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        // Who runs the tests may ignore these signals (nohup, a shell's background), and a process that is started inherits that.
        string[] program = OperatingSystem.IsLinux() ? ["env", "--default-signal=HUP,INT", "dotnet"] : ["dotnet"];
        var start = new ProcessStartInfo(program[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[.. program[1..], "exec", Path.Combine(AppContext.BaseDirectory, "eit.dll"), .. arguments]) { start.ArgumentList.Add(argument); }
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) { start.Environment[name] = value; }
        return new EitProcess(Process.Start(start)!);
    }

    /// <summary>Waits for a line of the standard error that holds some words.</summary>
    internal async Task<string> SaysAsync(string words)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        try
        {
            await foreach (string line in _errors.Reader.ReadAllAsync(limit.Token))
            {
                if (line.Contains(words, StringComparison.Ordinal)) { return line; }
            }
        }
        catch (OperationCanceledException)
        {
            // It has not said it.
        }
        throw new InvalidOperationException($"'{words}' was not said, but: {ErrorText}");
    }

    /// <summary>Gives it its input, and waits for its end.</summary>
    internal async Task<(int ExitCode, string Output, string Error)> EndAsync(string input = "", TimeSpan? limit = null)
    {
        Task<string> output = Output.ReadToEndAsync();
        Task writing = WriteAsync(input);
        string text = await output.WaitAsync(limit ?? Patience.Limit);
        await writing.Soon();
        await _process.WaitForExitAsync().Soon();
        await _readingErrors.Soon();
        return (_process.ExitCode, text, ErrorText);
    }

    internal void Signal(string name) => Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]).Dispose();

    internal async Task<int> ExitedAsync()
    {
        await _process.WaitForExitAsync().Soon();
        await _readingErrors.Soon();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) { _process.Kill(); }
        await _process.WaitForExitAsync().Soon();
        _process.Dispose();
    }

    /// <summary>Writes the input; what the process does not read any more is not missed.</summary>
    private async Task WriteAsync(string input)
    {
        try
        {
            await Input.WriteAsync(input);
            Input.Close();
        }
        catch (IOException)
        {
            // It has ended.
        }
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errorText) { _errorText.AppendLine(line); }
            _errors.Writer.TryWrite(line);
        }
        _errors.Writer.TryComplete();
    }
}
