using System.Globalization;

namespace Eit.Compat.End;

/// <summary>
/// What an end has seen, a line each: <c>S tag stream number outcome</c> for what it has sent, <c>H tag stream number session</c> for what its handlers were given, <c>D tag stream number</c> for
/// what came and is not what was sent, <c>E tag why</c> for a session that is over; at last <c>END</c>. Safe from any thread.
/// </summary>
internal sealed class Notes(string path) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly StreamWriter _file = new(path);
    private readonly HashSet<(string Tag, string Stream, long Number)> _open = [];

    public void Sending(string tag, string stream, long number)
    {
        lock (_gate) { _open.Add((tag, stream, number)); }
    }

    public void Told(string tag, string stream, long number, string outcome)
    {
        lock (_gate)
        {
            if (_open.Remove((tag, stream, number))) { Write($"S {tag} {stream} {number} {outcome}"); }
        }
    }

    public void Handled(string tag, string stream, long number, string session)
    {
        lock (_gate) { Write($"H {tag} {stream} {number} {session}"); }
    }

    public void Damaged(string tag, string stream, long number)
    {
        lock (_gate) { Write($"D {tag} {stream} {number}"); }
    }

    public void Ended(string tag, string why)
    {
        lock (_gate) { Write($"E {tag} {why}"); }
    }

    /// <summary>Writes what is known. What has no outcome by now has <c>none</c>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach ((string tag, string stream, long number) in _open) { Write($"S {tag} {stream} {number} none"); }
            _open.Clear();
            Write($"END");
            _file.Dispose();
        }
    }

    private void Write(FormattableString line) => _file.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
