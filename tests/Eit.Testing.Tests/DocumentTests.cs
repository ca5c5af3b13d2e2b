namespace Eit.Testing.Tests;

public class DocumentTests
{
    private static readonly string[] s_sources = ["TillTests.cs", "CallTests.cs"];

    [Fact]
    public void Every_example_of_the_document_is_quoted_from_the_test_that_runs_it()
    {
        string root = FindRoot();
        string[] blocks = [.. File.ReadAllText(Path.Combine(root, "docs", "TESTING.md")).Split("```csharp").Skip(1).Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)])];
        string source = string.Concat(s_sources.Select(name => Normalized(File.ReadAllText(Path.Combine(root, "tests", "Eit.Testing.Tests", name)))));

        Assert.Equal(5, blocks.Length);
        Assert.All(blocks, block => Assert.Contains(Normalized(block), source, StringComparison.Ordinal));
    }

    /// <summary>Indentation is the document's own.</summary>
    private static string Normalized(string text) => string.Join('\n', text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Eit.sln"))) { return folder.FullName; }
        }
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has Eit.sln.");
    }
}
