namespace Eit.Cli.Tests;

public class HelpTests
{
    [Theory]
    [InlineData("serve")]
    [InlineData("connect")]
    [InlineData("token")]
    [InlineData("doctor")]
    [InlineData("completion")]
    [InlineData("demo")]
    [InlineData("chaos")]
    [InlineData("soak")]
    [InlineData("ctl")]
    [InlineData("ctl", "status")]
    [InlineData("ctl", "connections")]
    [InlineData("ctl", "show")]
    [InlineData("ctl", "send")]
    [InlineData("ctl", "broadcast")]
    [InlineData("ctl", "close")]
    [InlineData("ctl", "channels")]
    [InlineData("ctl", "stats")]
    [InlineData("ctl", "reload")]
    [InlineData("ctl", "drain")]
    public async Task The_help_of_each_verb_ends_with_exit_codes_and_an_example(params string[] verb)
    {
        (int exitCode, string output, string error) = await Tool.RunAsync([.. verb, "--help"]);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("Exit codes:", output, StringComparison.Ordinal);
        Assert.Matches($"(?s)Examples?: .*eit {string.Join(' ', verb)}", output);
    }

    [Theory]
    [InlineData("eit ser", "serve")]
    [InlineData("eit ctl broad", "broadcast")]
    [InlineData("eit serve --drain", "--drain-window")]
    public async Task A_shell_is_told_what_may_come_next(string line, string next)
    {
        (int exitCode, string output, _) = await Tool.RunAsync($"[suggest:{line.Length}]", line);

        Assert.Equal(0, exitCode);
        Assert.Contains(next, output.Split(Environment.NewLine));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _eit eit")]
    [InlineData("zsh", "#compdef eit")]
    [InlineData("fish", "complete -c eit")]
    public async Task Completion_is_printed_for_each_shell(string shell, string says)
    {
        (int exitCode, string output, _) = await Tool.RunAsync("completion", shell);

        Assert.Equal(0, exitCode);
        Assert.Contains(says, output, StringComparison.Ordinal);
    }
}
