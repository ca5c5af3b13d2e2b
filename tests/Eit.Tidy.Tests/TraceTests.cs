namespace Eit.Tidy.Tests;

public class TraceTests
{
    private static readonly string[] s_binaryExtensions = [".png", ".ico", ".pfx", ".gif", ".jpg", ".zip", ".snk"];

    // Written in halves, so that this file does not find itself.
    private static readonly string[] s_traces =
    [
        "/" + "work/",
        "/" + "root/",
        "/" + "home/",
        @"C:\" + "Users",
        "api." + "nuget.org",
        "registry." + "npmjs.org",
        "proxy." + "golang.org",
        "pypi." + "org",
        "pkgs.dev." + "azure.com",
    ];

    [Fact]
    public void No_file_has_a_path_of_a_machine_or_the_host_of_a_registry()
    {
        Repository.AssertNone(
            from path in Repository.Files
            where !s_binaryExtensions.Contains(Path.GetExtension(path))
            let text = Repository.Read(path)
            from trace in s_traces
            where text.Contains(trace, StringComparison.OrdinalIgnoreCase)
            select $"{path}: {trace}");
    }

    [Fact]
    public void No_settings_file_of_the_package_manager_is_kept()
    {
        Assert.DoesNotContain(Repository.Files, path => Path.GetFileName(path).Equals("nuget.config", StringComparison.OrdinalIgnoreCase));
    }
}
