using System.Globalization;

namespace Eit.Compat.End;

/// <summary>The arguments of a process, as <c>name=value</c>.</summary>
internal sealed class Settings(IEnumerable<string> arguments)
{
    private readonly Dictionary<string, string> _values = arguments.Select(static argument => argument.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);

    public string this[string name] => _values.TryGetValue(name, out string? value) ? value : throw new ArgumentException($"{name}=… is missing.");

    public int Number(string name) => int.Parse(this[name], CultureInfo.InvariantCulture);

    public TimeSpan Milliseconds(string name) => TimeSpan.FromMilliseconds(Number(name));
}
