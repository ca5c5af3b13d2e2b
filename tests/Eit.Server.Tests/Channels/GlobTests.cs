using Eit.Backoff;
using Eit.Server.Channels;

namespace Eit.Server.Tests.Channels;

public class GlobTests
{
    [Theory]
    [InlineData("tournament/1/*", "tournament/1/round", true)]
    [InlineData("tournament/1/*", "tournament/1/", true)]
    [InlineData("tournament/1/*", "tournament/1", false)]
    [InlineData("tournament/1/*", "tournament/1/table/2", false)]
    [InlineData("tournament/1/*", "tournament/12/round", false)]
    [InlineData("tournament/1/**", "tournament/1/table/2", true)]
    [InlineData("tournament/*/round", "tournament/1/round", true)]
    [InlineData("tournament/*/round", "tournament/1/2/round", false)]
    [InlineData("**/round", "tournament/1/2/round", true)]
    [InlineData("table/?", "table/1", true)]
    [InlineData("table/?", "table/12", false)]
    [InlineData("table?1", "table/1", false)]
    [InlineData("", "", true)]
    [InlineData("*", "", true)]
    [InlineData("", "a", false)]
    [InlineData("[a]", "a", false)]
    public void A_pattern_fits_what_it_says(string glob, string id, bool fits)
    {
        Assert.Equal(fits, Glob.Fits(glob, id));
    }

    [Fact]
    public void Every_pattern_fits_as_the_definition_says()
    {
        var chance = new SeededJitter(5);
        string Draw(string letters, int lengthMax) => string.Concat(Enumerable.Range(0, (int)(chance.Next() * lengthMax)).Select(_ => letters[(int)(chance.Next() * letters.Length)]));
        int fitting = 0;

        for (int i = 0; i < 200_000; i++)
        {
            string glob = Draw("ab/*?*", 8);
            string id = Draw("ab/", 8);
            bool fits = FitsByDefinition(glob, id);
            if (fits) { fitting++; }

            Assert.True(fits == Glob.Fits(glob, id), $"{glob} and {id}: {fits}");
        }
        Assert.True(fitting > 1_000);
    }

    [Fact]
    public void A_pattern_made_to_be_slow_is_not()
    {
        string id = new('a', 2_000);

        Assert.False(Glob.Fits(string.Concat(Enumerable.Repeat("*a", 100)) + "b", id));
        Assert.False(Glob.Fits(string.Concat(Enumerable.Repeat("**a*a", 50)) + "b", id));
    }

    private static bool FitsByDefinition(string glob, string id)
    {
        if (glob.Length == 0) { return id.Length == 0; }
        if (glob.StartsWith("**", StringComparison.Ordinal)) { return FitsByDefinition(glob[2..], id) || (id.Length > 0 && FitsByDefinition(glob, id[1..])); }
        if (glob[0] == '*') { return FitsByDefinition(glob[1..], id) || (id.Length > 0 && id[0] != '/' && FitsByDefinition(glob, id[1..])); }
        return id.Length > 0 && (glob[0] == id[0] || (glob[0] == '?' && id[0] != '/')) && FitsByDefinition(glob[1..], id[1..]);
    }
}
