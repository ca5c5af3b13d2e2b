namespace Eit.Cli.Serve;

/// <summary>What was read from files, and is read again when they have changed. What can't be read then is reported, and the old value stays.</summary>
/// <typeparam name="T">What they hold.</typeparam>
/// <param name="paths">The files.</param>
/// <param name="read">Reads them; throws <see cref="FormatException"/>.</param>
/// <param name="report">Is told what was read again, or why not.</param>
internal sealed class WatchedFiles<T>(IReadOnlyList<string> paths, Func<T> read, Action<string, FormatException?> report)
    where T : class
{
    private readonly Lock _gate = new();
    private string _stamp = StampOf(paths);
    private T _value = read();

    /// <summary>Gets the value that was read last, without a look at the files.</summary>
    internal T Latest
    {
        get
        {
            lock (_gate) { return _value; }
        }
    }

    /// <summary>Gets the value. Costs a look at the files.</summary>
    internal T Value
    {
        get
        {
            string stamp = StampOf(paths);
            lock (_gate)
            {
                if (stamp == _stamp) { return _value; }
                _stamp = stamp;
            }
            try
            {
                T value = read();
                lock (_gate) { _value = value; }
                report(paths[0], null);
            }
            catch (Exception wrong) when (Outside.IsFault(wrong)) { report(paths[0], wrong as FormatException ?? new FormatException(Outside.Line(wrong), wrong)); }
            lock (_gate) { return _value; }
        }
    }

    private static string StampOf(IReadOnlyList<string> paths) => string.Join('|', paths.Select(static path =>
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {file.Length}" : "";
    }));
}
