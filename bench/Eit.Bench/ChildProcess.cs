using System.Diagnostics;

namespace Eit.Bench;

/// <summary>Another process. It says a line when it is ready, answers lines, and ends with its standard input.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process, string said) => (_process, Said) = (process, said);

    /// <summary>Gets what it said when it was ready.</summary>
    internal string Said { get; }

    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    internal long WorkingSetBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts this program once more.</summary>
    internal static Task<ChildProcess> StartAsync(bool hasServerGc, string? firstLine, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        bool isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet";
        if (isHosted) { start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location); }
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }
        start.Environment["DOTNET_gcServer"] = hasServerGc ? "1" : "0";
        return StartAsync(start, firstLine);
    }

    internal static async Task<ChildProcess> StartAsync(ProcessStartInfo start, string? firstLine = null)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
        if (firstLine is not null) { await process.StandardInput.WriteLineAsync(firstLine); }
        string said = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The process said nothing.");
        return new ChildProcess(process, said);
    }

    /// <summary>Says a line to it and waits for its answer.</summary>
    internal async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The process ended at '{line}'.");
    }

    /// <summary>Ends it without a word, as a crash does.</summary>
    internal void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
