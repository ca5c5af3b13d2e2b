using Eit.Protocol.Session;

namespace Eit.Protocol.Tests;

public sealed class ArchitectureTests
{
    [Fact]
    public void The_diagram_in_the_architecture_is_the_table_of_moves()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Eit.sln"))) { root = Path.GetDirectoryName(root)!; }
        string[] expected = [.. SessionMoves.All.Select(static move => $"    {move.From} --> {move.To}")];

        string[] drawn = [.. File.ReadAllLines(Path.Combine(root, "docs", "ARCHITECTURE.md")).Where(static line => line.Contains(" --> ", StringComparison.Ordinal))];

        Assert.Equal(expected, drawn);
    }
}
