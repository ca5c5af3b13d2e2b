using Eit.Cli.Serve;

namespace Eit.Cli.Tests;

public sealed class OwnFilesTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Directory.CreateTempSubdirectory("eit").FullName;

    [Fact]
    public void A_file_that_is_made_is_its_owner_s_alone_and_so_is_one_that_was_there()
    {
        if (OperatingSystem.IsWindows()) { return; }                // It knows no such modes.
        string old = In("old");
        File.WriteAllText(old, "kept");
        File.SetUnixFileMode(old, OwnerOnly | UnixFileMode.OtherRead | UnixFileMode.GroupRead);

        OwnFiles.Open(In("new"), "taken").Dispose();
        OwnFiles.Open(old, "taken").Dispose();
        OwnFiles.Prepare(In("log"));

        Assert.Equal([OwnerOnly, OwnerOnly, OwnerOnly], new[] { In("new"), old, In("log") }.Select(File.GetUnixFileMode));
        Assert.Equal("kept", File.ReadAllText(old));
    }

    [Fact]
    public void A_symbolic_link_is_not_followed_whether_or_not_it_leads_anywhere()
    {
        if (OperatingSystem.IsWindows()) { return; }                // Making a link needs a right there.
        File.WriteAllText(In("precious"), "precious");
        File.CreateSymbolicLink(In("link"), In("precious"));
        File.CreateSymbolicLink(In("dangling"), In("made"));

        IOException link = Assert.Throws<IOException>(() => HeldFile.Take(In("link"), "taken"));
        IOException dangling = Assert.Throws<IOException>(() => HeldFile.Take(In("dangling"), "taken"));
        Assert.Throws<IOException>(() => OwnFiles.Prepare(In("link")));

        Assert.Contains($"{In("link")} is a symbolic link", link.Message, StringComparison.Ordinal);
        Assert.Contains("symbolic link", dangling.Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(In("precious")));
        Assert.False(File.Exists(In("made")));
    }

    [Fact]
    public void A_folder_is_made_for_its_owner_and_a_link_to_one_or_another_s_is_refused()
    {
        if (OperatingSystem.IsWindows()) { return; }                // It knows no such modes.
        OwnFiles.MakeFolder(In("own"));
        Directory.CreateSymbolicLink(In("link"), In("own"));
        Directory.CreateDirectory(In("open"), OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupRead);

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(In("own")));
        Assert.Contains("symbolic link", Assert.Throws<IOException>(() => OwnFiles.MakeFolder(In("link"))).Message, StringComparison.Ordinal);
        Assert.Contains("Others can get at", Assert.Throws<IOException>(() => OwnFiles.MakeFolder(In("open"))).Message, StringComparison.Ordinal);
        if (!FileFacts.AreTold || FileFacts.CurrentUser == 0) { return; }
        Assert.Contains("belongs to user 0 (root) and not to user", OwnFiles.FolderFault("/root", mayBeAnothers: false), StringComparison.Ordinal);
    }

    [Fact]
    public void What_another_process_holds_is_said_to_be_taken()
    {
        using HeldFile held = HeldFile.Take(In("held"), "unused");

        Assert.Equal("It is taken.", Assert.Throws<IOException>(() => HeldFile.Take(In("held"), "It is taken.")).Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string In(string name) => Path.Combine(_folder, name);
}
