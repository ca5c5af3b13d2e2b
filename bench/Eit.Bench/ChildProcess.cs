using System.Diagnostics;

namespace Eit.Bench;

/// <summary>This program in another process. It says a line when it is ready, and ends with its standard input.</summary>
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

    internal static async Task<ChildProcess> StartAsync(bool hasServerGc, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        bool isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet";
        if (isHosted) { start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location); }
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }
        start.Environment["DOTNET_gcServer"] = hasServerGc ? "1" : "0";
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
        string said = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The process said nothing.");
        return new ChildProcess(process, said);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
