namespace Eit.Cli.Tests;

/// <summary>The tool inside the test's own process.</summary>
internal static class Tool
{
    internal static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await Program.RunAsync(arguments, output, error).Soon();
        return (exitCode, output.ToString(), error.ToString());
    }
}
