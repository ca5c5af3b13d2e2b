using System.CommandLine;

namespace Eit.Cli.Serve;

/// <summary>The verb <c>serve</c>: a server of a configuration.</summary>
internal static class ServeCommand
{
    private const string Description = "Serve endpoints that echo or relay messages, or give them to a command, over TLS, to clients with a token.";

    private const string Details = $$"""
        The configuration is {{ServeFile.DefaultName}} in the current folder, or the file that --config names; every key is an option and an environment variable,
        too: "drainWindow": "5s" is --drain-window 5s and EIT_DRAIN_WINDOW=5s. An option wins over a variable, and that over the file. All keys: docs/SERVE.md.

        SIGTERM and Ctrl-C ask the clients to go elsewhere, within the drain window, and then end it; a second one ends it at once. SIGHUP reads the configuration again.

        Exit codes: 0 it ran, or --check found nothing wrong; 1 it could not listen; 2 the configuration is wrong.

        Examples: eit token ada --file tokens.txt > ada.token
                  eit serve --dev-certificate --tokens tokens.txt --endpoints /echo=echo --endpoints 'both /rooms/{room}=relay'
                  eit serve --dev-certificate --tokens tokens.txt --endpoints '/shout=exec:perl shout.pl'
                  eit serve --config /etc/eit/eit.json --check
                  eit serve --config /etc/eit/eit.json --daemon --log-file /var/log/eit.log
        """;

    internal static Command Make()
    {
        var config = new Option<string?>("--config") { Description = $"The file of the configuration. Default: {ServeFile.DefaultName}, if there is one.", HelpName = "FILE" };
        var check = new Option<bool>("--check") { Description = "Only check the configuration, and print it as it counts." };
        var daemon = new Option<bool>("--daemon") { Description = "Go on in the background, in a session of its own; ends when the server is ready." };
        var logFile = new Option<string?>("--log-file") { Description = "Where the log of --daemon is added to. Default: nowhere.", HelpName = "FILE" };
        Dictionary<ServeKey, Option> options = ServeKeys.All.ToDictionary(static key => key, OptionOf);
        var command = new Verb("serve", Description, Details) { config, check, daemon, logFile };
        command.HandlesSignals = true;
        foreach (Option option in options.Values) { command.Add(option); }
        command.Validators.Add(result =>
        {
            if (result.GetValue(check) && result.GetValue(daemon)) { result.AddError("--check and --daemon exclude each other."); }
            if (result.GetResult(logFile) is not null && !result.GetValue(daemon)) { result.AddError("--log-file goes with --daemon only: else the log goes to the standard error."); }
        });
        command.SetAction(async (parsed, interrupted) =>
        {
            (TextWriter output, TextWriter error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            Dictionary<ServeKey, IReadOnlyList<string>> given = options.Where(option => parsed.GetResult(option.Value) is { Implicit: false }).ToDictionary(static option => option.Key, option => ValuesOf(parsed, option.Key, option.Value));
            var source = new ServeSource(parsed.GetValue(config), given);
            if (parsed.GetValue(daemon)) { return await ServeDaemon.StartAsync(ArgumentsOf(source, given), Path.GetFullPath(parsed.GetValue(logFile) ?? "/dev/null"), output, error, interrupted); }
            var run = new ServeRun(source, TimeProvider.System, output, error);
            return parsed.GetValue(check) ? await run.CheckAsync() : await run.RunAsync();
        });
        return command;
    }

    private static Option OptionOf(ServeKey key) => key.HelpName is null
        ? new Option<bool>(key.OptionName) { Description = key.Description }
        : new Option<string[]>(key.OptionName) { Description = key.IsList ? $"{key.Description} May be given several times." : key.Description, HelpName = key.HelpName, AllowMultipleArgumentsPerToken = false };

    private static IReadOnlyList<string> ValuesOf(ParseResult parsed, ServeKey key, Option option) =>
        key.HelpName is null ? [parsed.GetValue((Option<bool>)option) ? "true" : "false"] : [.. parsed.GetResult(option)!.Tokens.Select(static token => token.Value)];

    /// <summary>The arguments of a server that does the same in the foreground.</summary>
    private static IEnumerable<string> ArgumentsOf(ServeSource source, Dictionary<ServeKey, IReadOnlyList<string>> given) =>
    [
        "serve",
        .. source.Path is { } path ? ["--config", path] : Array.Empty<string>(),
        .. given.SelectMany(static option => option.Value.SelectMany(value => new[] { option.Key.OptionName, value })),
    ];
}
