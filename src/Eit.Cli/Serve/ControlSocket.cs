using System.Text;

namespace Eit.Cli.Serve;

/// <summary>The place of the socket at which a server is steered: a file in a folder that is nobody else's, held by one server at a time.</summary>
internal sealed class ControlSocket : IDisposable
{
    internal const string Variable = "EIT_CONTROL";

    /// <summary>The most bytes that the path of a socket may have on every system.</summary>
    private const int PathBytesMax = 100;

    private readonly HeldFile _lock;

    private ControlSocket(string path, HeldFile held)
    {
        (Path, _lock) = (path, held);
    }

    /// <summary>Gets where the environment says that it is; null if it says nothing.</summary>
    internal static string? GivenPath => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : null;

    /// <summary>Gets where it is, if nothing else is said: in the folder that the system gives each user, or in one of the user's own.</summary>
    internal static string DefaultPath
    {
        get
        {
            string folder = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
                ? System.IO.Path.Combine(runtime, "eit")
                : System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"eit-{Environment.UserName}");
            return System.IO.Path.Combine(folder, "control");
        }
    }

    internal string Path { get; }

    /// <summary>Takes the place, also one that a dead server has left.</summary>
    /// <exception cref="IOException">It can't be had: another server has it, or others can get at its folder.</exception>
    internal static ControlSocket Take(string path)
    {
        string folder = System.IO.Path.GetDirectoryName(path)!;
        OwnFiles.MakeFolder(folder);
        if (FaultOf(path, mayBeAnothers: false) is { } fault) { throw new IOException(fault); }
        var held = HeldFile.Take($"{path}.lock", $"Another server is steered at {path}. Choose another place with --control, or end that one with 'eit ctl drain'.");
        File.Delete(path);                                         // Nobody listens there: who does holds the lock.
        return new ControlSocket(path, held);
    }

    /// <summary>Says why a place is unfit, whoever is there; null if it is fit.</summary>
    /// <param name="path">The place.</param>
    /// <param name="mayBeAnothers">Whether its folder may belong to another user than this process's: root may steer the server of a user whose socket it names.</param>
    internal static string? FaultOf(string path, bool mayBeAnothers)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        if (Encoding.UTF8.GetByteCount(path) > PathBytesMax) { return $"{path} is too long for a socket: at most {PathBytesMax} bytes."; }
        return OwnFiles.FolderFault(folder, mayBeAnothers);
    }

    public void Dispose()
    {
        File.Delete(Path);
        _lock.Dispose();
    }
}
