using System.Diagnostics;

namespace Eit.Faults.Tests;

/// <summary>Runs programs.</summary>
internal static class Commands
{
    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message says what it said.</exception>
    internal static async Task<string> RunAsync(params string[] command)
    {
        (int exitCode, string said) = await TryAsync(command);
        return exitCode == 0 ? said : throw new InvalidOperationException($"{string.Join(' ', command)}: {said}");
    }

    internal static async Task<(int ExitCode, string Said)> TryAsync(params string[] command)
    {
        using Process process = Begin(command);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().Soon();
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>Begins a command.</summary>
    internal static Process Begin(params string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
