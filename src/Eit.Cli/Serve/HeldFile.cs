namespace Eit.Cli.Serve;

/// <summary>A file that one process at a time holds. It is let go of with the process, however that ends; what a dead one has left is in nobody's way.</summary>
internal sealed class HeldFile : IDisposable
{
    private readonly FileStream _file;
    private bool _isWritten;

    private HeldFile(FileStream file)
    {
        _file = file;
    }

    /// <summary>Takes the file, and makes it if it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="taken">What is said when another process holds it.</param>
    /// <exception cref="IOException">It can't be had.</exception>
    internal static HeldFile Take(string path, string taken) => new(OwnFiles.Open(path, taken));

    /// <summary>Writes what the file is to hold. One that was written to is deleted when it is let go of; a bare lock stays, since whoever comes next may have it open already.</summary>
    internal void Write(string text)
    {
        _isWritten = true;
        _file.SetLength(0);
        _file.Write(System.Text.Encoding.ASCII.GetBytes(text));
        _file.Flush();
    }

    public void Dispose()
    {
        if (_isWritten) { File.Delete(_file.Name); }
        _file.Dispose();
    }
}
