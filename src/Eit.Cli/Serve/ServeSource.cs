namespace Eit.Cli.Serve;

/// <summary>Where a configuration comes from: a file, the environment, options; who comes later wins.</summary>
/// <param name="path">The file; null for none.</param>
/// <param name="options">The values of the options that are given.</param>
internal sealed class ServeSource(string? path, IReadOnlyDictionary<ServeKey, IReadOnlyList<string>> options)
{
    /// <summary>Gets the file; null if there is none.</summary>
    internal string? Path { get; } = path ?? (File.Exists(ServeFile.DefaultName) ? ServeFile.DefaultName : null);

    /// <summary>Reads all of it.</summary>
    /// <exception cref="FormatException">Something in it is not allowed; the message names where it stands, the key, and what is allowed.</exception>
    internal ServeConfig Load() => Outside.Read(Path ?? "the configuration", LoadAll);

    private ServeConfig LoadAll()
    {
        ServeConfig config = Path is null ? new ServeConfig() : ServeFile.Read(Path, new ServeConfig());
        foreach (ServeKey key in ServeKeys.All)
        {
            if (Environment.GetEnvironmentVariable(key.Variable) is { Length: > 0 } variable) { config = Put(config, key, key.Variable, key.IsList ? variable.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [variable]); }
            if (options.TryGetValue(key, out IReadOnlyList<string>? option)) { config = Put(config, key, key.OptionName, option); }
        }
        return config.Faults().FirstOrDefault() is { } fault ? throw new FormatException($"{(Path is null ? "" : $"{Path}: ")}{fault}.") : config;
    }

    private static ServeConfig Put(ServeConfig config, ServeKey key, string place, IReadOnlyList<string> texts)
    {
        try { return Outside.Read("the value", () => key.Set(config, new ServeValues(texts, Environment.CurrentDirectory))); }
        catch (FormatException wrong) { throw new FormatException($"{place}: {wrong.Message}.", wrong); }
    }
}
