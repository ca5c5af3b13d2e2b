using System.Globalization;

namespace Eit.Cli.Serve;

/// <summary>Files and folders that a server makes for itself. They are its user's alone, whoever may write where they are: nobody else's folder is used, no symbolic link followed, no other user
/// let in.</summary>
/// <remarks>Whose a file is, is told by Linux only; elsewhere links and modes count.</remarks>
internal static class OwnFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Makes a folder, if there is none.</summary>
    /// <exception cref="IOException">It can't be made, or may be used by others.</exception>
    internal static void MakeFolder(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows()) { Directory.CreateDirectory(path); }
            else { Directory.CreateDirectory(path, FolderMode); }
        }
        catch (UnauthorizedAccessException failure) { throw new IOException(failure.Message, failure); }
        if (FolderFault(path, mayBeAnothers: false) is { } fault) { throw new IOException(fault); }
    }

    /// <summary>Says why a folder is unfit; null if it is fit, or does not exist.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="mayBeAnothers">Whether it may belong to another user than this process's.</param>
    internal static string? FolderFault(string path, bool mayBeAnothers)
    {
        if (OperatingSystem.IsWindows() || !Path.Exists(path)) { return null; }
        if (new DirectoryInfo(path).LinkTarget is not null) { return $"{path} is a symbolic link: name the folder that it leads to."; }
        if (!mayBeAnothers && FileFacts.Of(path) is { } facts && facts.Owner != FileFacts.CurrentUser) { return $"{path} belongs to {User(facts.Owner)} and not to {User(FileFacts.CurrentUser)}: choose another folder."; }
        UnixFileMode others = File.GetUnixFileMode(path) & ~FolderMode & ~UnixFileMode.StickyBit;
        return others == UnixFileMode.None ? null : $"Others can get at {path}: let its mode be 0700, or choose a folder that does not exist yet.";
    }

    /// <summary>Opens a file for this process alone, and makes it if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="taken">What is said when another process has it.</param>
    /// <exception cref="IOException">It can't be had.</exception>
    internal static FileStream Open(string path, string taken)
    {
        RequireNoLink(path);
        FileStream file;
        try { file = OpenOrMake(path); }
        catch (Exception failure) when (failure is UnauthorizedAccessException or DirectoryNotFoundException) { throw new IOException(failure.Message, failure); }
        catch (IOException failure) { throw new IOException(taken, failure); }
        if (FaultOf(path, file) is not { } fault) { return file; }
        file.Dispose();
        throw new IOException(fault);
    }

    /// <summary>Makes a file to which another program is to write, if there is none; a device may be there in its place.</summary>
    /// <exception cref="IOException">It can't be had.</exception>
    internal static void Prepare(string path)
    {
        if (FileFacts.Of(path) is { IsRegular: false, IsLink: false } || OperatingSystem.IsWindows()) { return; }
        Open(path, $"{path} can't be opened for writing.").Dispose();
    }

    /// <summary>Names a user for people.</summary>
    internal static string User(uint id) => string.Create(CultureInfo.InvariantCulture, $"user {id}{(id == 0 ? " (root)" : "")}");

    private static void RequireNoLink(string path)
    {
        if (new FileInfo(path).LinkTarget is not null) { throw new IOException($"{path} is a symbolic link: name the file that it leads to."); }
    }

    /// <summary>What does not exist is made in a way that follows no link; what a link leads to is only opened, and noticed then.</summary>
    private static FileStream OpenOrMake(string path)
    {
        try { return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None); }
        catch (FileNotFoundException)
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows()) { options.UnixCreateMode = OwnerOnly; }
            return new FileStream(path, options);
        }
    }

    private static string? FaultOf(string path, FileStream file)
    {
        if (OperatingSystem.IsWindows()) { return null; }
        if (FileFacts.AreTold)
        {
            bool isNamed = FileFacts.Of(path) is { IsLink: false } named && FileFacts.Of(file.SafeFileHandle) is { } opened && named.Identity == opened.Identity;
            if (!isNamed) { return $"{path} was replaced while it was opened."; }
            uint owner = FileFacts.Of(file.SafeFileHandle)!.Owner;
            if (owner != FileFacts.CurrentUser) { return $"{path} belongs to {User(owner)} and not to {User(FileFacts.CurrentUser)}."; }
        }
        File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
        return null;
    }
}
