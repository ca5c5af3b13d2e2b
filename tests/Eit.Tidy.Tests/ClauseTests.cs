namespace Eit.Tidy.Tests;

public class ClauseTests
{
    private const string Protocol = "PROTOCOL.md, docs/RPC.md";

    private static readonly string[] s_specifications = ["PROTOCOL.md", "docs/RPC.md"];

    [Fact]
    public void Every_clause_has_an_id_of_its_own()
    {
        Repository.AssertNone(ReadClauses().GroupBy(clause => clause.Id).Where(same => same.Count() > 1)
            .Select(same => $"{Protocol}: {same.Key} stands {same.Count()} times."));
    }

    [Fact]
    public void Every_clause_names_a_test_that_names_the_clause()
    {
        List<Clause> clauses = ReadClauses();
        ILookup<string, TestMethod> methods = ReadTestMethods().ToLookup(method => method.Name);

        Repository.AssertNone(clauses.Select(clause => FaultOf(clause, methods)).OfType<string>());
    }

    [Fact]
    public void Every_clause_that_a_test_names_exists()
    {
        HashSet<string> known = [.. ReadClauses().Select(clause => clause.Id)];

        Repository.AssertNone(
            from method in ReadTestMethods()
            from id in method.Clauses
            where !known.Contains(id)
            select $"{method.File}: {method.Name} names {id}, which {Protocol} does not have.");
    }

    [Fact]
    public void A_clause_ends_with_its_test()
    {
        string[] lines = ["# Title", "**S1.1** One line. → `One`", "**S1.2** Two", "lines.", "→ `Two`", "", "**S1.3** None.", "", "→ `Stray`", "A **S1.4** in a sentence."];

        Assert.Equal([new Clause("S1.1", "One"), new Clause("S1.2", "Two"), new Clause("S1.3", null)], Clause.Parse(lines));
    }

    [Fact]
    public void A_test_has_the_clauses_of_its_own_attributes_only()
    {
        string[] lines =
        [
            "// [Clause(\"X9.9\")]",
            "[Fact, Clause(\"S1.1\", \"S1.2\")]",
            "public void First() { }",
            "[Theory]",
            "[InlineData(",
            "    1)]",
            "[Clause(\"S1.3\")]",
            "public async Task Second(int number)",
            "{",
            "}",
            "[Fact(Skip = \"later\"), Clause(\"S1.4\")]",
            "public void Third() { }",
            "public void Helper() { }",
        ];

        List<TestMethod> methods = [.. TestMethod.Parse("file", lines)];

        Assert.Equal(["First", "Second", "Third", "Helper"], methods.Select(method => method.Name));
        Assert.Equal(["S1.1,S1.2", "S1.3", "S1.4", ""], methods.Select(method => string.Join(',', method.Clauses)));
        Assert.Equal([true, true, false, false], methods.Select(method => method.IsRun));
    }

    private static string? FaultOf(Clause clause, ILookup<string, TestMethod> methods)
    {
        if (clause.TestName is null) { return $"{Protocol}: {clause.Id} does not end with its test, as in: → `Test_method_name`"; }

        TestMethod[] named = [.. methods[clause.TestName]];
        if (named.Length == 0) { return $"{Protocol}: {clause.Id} names {clause.TestName}, which no test file has."; }
        if (!named.Any(method => method.Clauses.Contains(clause.Id))) { return $"{named[0].File}: {clause.TestName} lacks [Clause(\"{clause.Id}\")]."; }
        if (!named.Any(method => method.IsRun && method.Clauses.Contains(clause.Id))) { return $"{named[0].File}: {clause.TestName} is not run."; }

        return null;
    }

    private static List<Clause> ReadClauses()
    {
        var clauses = new List<Clause>();
        foreach (string specification in s_specifications)
        {
            Assert.True(Repository.Has(specification), $"{specification} is missing.");
            List<Clause> own = Clause.Parse(Repository.ReadLines(specification));
            Assert.True(own.Count > 0, $"{specification} has no clause.");
            clauses.AddRange(own);
        }
        return clauses;
    }

    private static IEnumerable<TestMethod> ReadTestMethods() =>
        Repository.FilesUnder("tests", ".cs")
            .Where(path => !path.StartsWith("tests/Eit.Tidy.Tests/", StringComparison.Ordinal))
            .SelectMany(path => TestMethod.Parse(path, Repository.ReadLines(path)));
}
