using System.CommandLine;
using System.Text.Json;

namespace Eit.Cli.Serve;

/// <summary>The verb <c>serve</c>: a server of a configuration.</summary>
internal static class ServeCommand
{
    private const string Description = "Serve endpoints that echo or relay messages, over TLS, to clients with a token.";

    private const int BadUsage = 2;

    private const string Details = $$"""
        The configuration is {{ServeFile.DefaultName}} in the current folder, or the file that --config names; every option is a key there too: --drain-window 5s is "drainWindow": "5s".
        An option replaces what the file says under its key. All keys: docs/SERVE.md.

        SIGTERM and Ctrl-C ask the clients to go elsewhere, within the drain window, and then end it; a second one ends it at once.

        Exit codes: 0 it ran, or --check found nothing wrong; 1 it could not listen; 2 the configuration is wrong.

        Examples: eit token ada --file tokens.txt > ada.token
                  eit serve --dev-certificate --tokens tokens.txt --endpoints /echo=echo --endpoints 'both /rooms/{room}=relay'
                  eit serve --config /etc/eit/eit.json --check
        """;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static Command Make()
    {
        var config = new Option<string?>("--config") { Description = $"The file of the configuration. Default: {ServeFile.DefaultName}, if there is one.", HelpName = "FILE" };
        var check = new Option<bool>("--check") { Description = "Only check the configuration, and print it as it counts." };
        Dictionary<ServeKey, Option> options = ServeKeys.All.ToDictionary(static key => key, OptionOf);
        var command = new Verb("serve", Description, Details) { config, check };
        command.HandlesSignals = true;
        foreach (Option option in options.Values) { command.Add(option); }
        command.SetAction(async (parsed, _) =>
        {
            ServeConfig effective;
            try { effective = Load(parsed, parsed.GetValue(config), options); }
            catch (FormatException wrong)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"eit: {wrong.Message}");
                return BadUsage;
            }
            var run = new ServeRun(effective, TimeProvider.System, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (!parsed.GetValue(check)) { return await run.RunAsync(); }
            int exitCode = await run.CheckAsync();
            if (exitCode == 0) { await parsed.InvocationConfiguration.Output.WriteLineAsync(ServeKeys.ToJson(effective).ToJsonString(s_indented)); }
            return exitCode;
        });
        return command;
    }

    private static Option OptionOf(ServeKey key) => key.HelpName is null
        ? new Option<bool>(key.OptionName) { Description = key.Description }
        : new Option<string[]>(key.OptionName) { Description = key.IsList ? $"{key.Description} May be given several times." : key.Description, HelpName = key.HelpName, AllowMultipleArgumentsPerToken = false };

    private static ServeConfig Load(ParseResult parsed, string? file, Dictionary<ServeKey, Option> options)
    {
        ServeConfig config = new();
        string? path = file ?? (File.Exists(ServeFile.DefaultName) ? ServeFile.DefaultName : null);
        if (path is not null) { config = ServeFile.Read(path, config); }
        foreach ((ServeKey key, Option option) in options)
        {
            if (parsed.GetResult(option) is not { } given) { continue; }
            string[] texts = key.HelpName is null ? [parsed.GetValue((Option<bool>)option) ? "true" : "false"] : [.. given.Tokens.Select(static token => token.Value)];
            try { config = key.Set(config, new ServeValues(texts, Environment.CurrentDirectory)); }
            catch (FormatException wrong) { throw new FormatException($"{key.OptionName}: {wrong.Message}.", wrong); }
        }
        return config.Faults().FirstOrDefault() is { } fault ? throw new FormatException($"{(path is null ? "" : $"{path}: ")}{fault}.") : config;
    }
}
