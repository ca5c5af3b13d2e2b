using System.Text.Json;
using Eit.Cli;

namespace Eit.EndToEnd.Tests;

public class DemoTests
{
    [Fact]
    public async Task The_demo_under_cuts_and_cycles_loses_nothing()
    {
        (int exitCode, string output, string error) = await RunAsync("demo", "--json", "--messages", "300", "--cuts", "5", "--cycles", "1", "--blackholes", "0", "--seed", "1");

        Assert.True(exitCode == 0, output + error);
        JsonElement report = JsonElement.Parse(output);
        AssertPerfect(report, messages: 300);
        Assert.Equal(5, report.GetProperty("cuts").GetInt32());
        Assert.InRange(report.GetProperty("cycles").GetInt32(), 1, int.MaxValue);
        Assert.InRange(report.GetProperty("resumes").GetInt32(), 4, int.MaxValue);
        Assert.Equal(0, report.GetProperty("blackHoles").GetInt32());
        Assert.InRange(report.GetProperty("longestGapMs").GetInt32(), 1, int.MaxValue);
        Assert.InRange(report.GetProperty("seconds").GetDouble(), 0.1, double.MaxValue);
    }

    [Fact]
    public async Task The_demo_gets_out_of_a_black_hole()
    {
        (int exitCode, string output, string error) = await RunAsync("demo", "--json", "--messages", "100", "--cuts", "0", "--cycles", "0", "--blackholes", "1");

        Assert.True(exitCode == 0, output + error);
        JsonElement report = JsonElement.Parse(output);
        AssertPerfect(report, messages: 100);
        Assert.Equal(1, report.GetProperty("blackHoles").GetInt32());
    }

    [Fact]
    public async Task The_demo_sends_the_lines_of_a_file_and_says_in_words_what_it_found()
    {
        string path = Path.GetTempFileName();
        await File.WriteAllLinesAsync(path, ["", "søren \"quotes\" \\ backslashes", "日本語 🚂", "\t\u0001", new string('x', 40_000)]);

        (int exitCode, string output, string error) = await RunAsync("demo", "--input", path, "--messages", "20", "--cuts", "1", "--cycles", "0", "--blackholes", "0");
        File.Delete(path);

        Assert.True(exitCode == 0, output + error);
        Assert.Contains("Nothing was lost, duplicated or reordered.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_of_a_slow_receiver_holds_little_and_lets_urgent_messages_pass()
    {
        (int exitCode, string output, string error) = await RunAsync("demo", "--json", "--slow-consumer", "5", "--messages", "300");

        Assert.True(exitCode == 0, output + error);
        JsonElement report = JsonElement.Parse(output);
        Assert.Equal(300, report.GetProperty("messages").GetProperty("received").GetInt32());
        Assert.InRange(report.GetProperty("mostHeld").GetInt32(), 60, 129);
        Assert.InRange(report.GetProperty("urgentReceived").GetInt32(), 1, int.MaxValue);
        double messageMs = 1_000 * report.GetProperty("seconds").GetDouble() / 300;
        Assert.InRange(report.GetProperty("urgentMedianMs").GetInt32(), 0, messageMs * 60);   // Behind all that is held it would be more than 120 messages.
    }

    [Theory]
    [InlineData("--slow-consumer goes with --messages, --size and --json only.", "demo", "--slow-consumer", "5", "--cuts", "1")]
    [InlineData("--bogus", "demo", "--bogus")]
    [InlineData("--messages takes a whole number from 1 to 10000000, not '-5'.", "demo", "--messages", "-5")]
    [InlineData("--messages takes a whole number from 1 to 10000000, not '0'.", "demo", "--messages", "0")]
    [InlineData("--cuts takes a whole number from 0 to 10000, not 'many'.", "demo", "--cuts", "many")]
    [InlineData("--cycles takes a whole number from 0 to 10000, not '1.5'.", "demo", "--cycles", "1.5")]
    [InlineData("--size takes a whole number from 16 to 1000000, not '1'.", "demo", "--size", "1")]
    [InlineData("--rate takes a whole number from 1 to 1000000, not '99999999999999999999'.", "demo", "--rate", "99999999999999999999")]
    [InlineData("--seed", "demo", "--seed")]
    [InlineData("--input: /no/such/file does not exist.", "demo", "--input", "/no/such/file")]
    [InlineData("--input: / can't be read.", "demo", "--input", "/")]
    [InlineData("extra", "demo", "extra")]
    [InlineData("bogus", "bogus")]
    [InlineData("Required command")]
    public async Task Bad_options_are_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);

        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static character => character == '\n'));
    }

    [Theory]
    [InlineData("is not UTF-8 text", 0xC3, 0x28)]
    [InlineData("has no lines")]
    public async Task A_file_that_is_not_text_is_a_bad_option(string says, params int[] bytes)
    {
        string path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, [.. bytes.Select(static value => (byte)value)]);

        (int exitCode, _, string error) = await RunAsync("demo", "--input", path);
        File.Delete(path);

        Assert.Equal((2, $"eit: --input: {path} {says}. See 'eit demo --help'.\n"), (exitCode, error.ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task Help_shows_the_options_and_an_example()
    {
        (int exitCode, string output, _) = await RunAsync("demo", "--help");

        Assert.Equal(0, exitCode);
        Assert.All(["--messages", "--rate", "--cuts", "--cycles", "--blackholes", "--size", "--input", "--seed", "--json", "eit demo --messages 2000"], word => Assert.Contains(word, output, StringComparison.Ordinal));
    }

    private static void AssertPerfect(JsonElement report, int messages)
    {
        foreach (string direction in (string[])["up", "down"])
        {
            JsonElement tally = report.GetProperty(direction);
            Assert.InRange(tally.GetProperty("sent").GetInt32(), messages, int.MaxValue);
            Assert.Equal(tally.GetProperty("sent").GetInt32(), tally.GetProperty("received").GetInt32());
            Assert.All(["lost", "duplicated", "reordered"], name => Assert.Equal(0, tally.GetProperty(name).GetInt32()));
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await Program.RunAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
