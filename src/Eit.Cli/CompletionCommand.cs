using System.CommandLine;

namespace Eit.Cli;

/// <summary>The verb <c>completion</c>: prints what makes a shell complete the program's verbs and options.</summary>
internal static class CompletionCommand
{
    private const string Details = """
        Exit codes: 0 done; 2 bad usage.

        Examples: eit completion bash >> ~/.bashrc
                  eit completion zsh > "${fpath[1]}/_eit"
                  eit completion fish > ~/.config/fish/completions/eit.fish
        """;

    // The program itself knows what may come next: the directive [suggest] of System.CommandLine.
    private const string Bash = """
        _eit() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(eit "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _eit eit
        """;

    private const string Zsh = """
        #compdef eit
        _eit() {
            local -a found
            found=("${(@f)$(eit "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -a found
            _files
        }
        compdef _eit eit
        """;

    private const string Fish = """
        complete -c eit -a '(set -l line (commandline -cp); eit "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'
        """;

    internal static Command Make()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.CompletionSources.Add("bash", "zsh", "fish");
        var command = new Verb("completion", "Print what makes a shell complete verbs and options.", Details) { shell };
        command.Validators.Add(result =>
        {
            if (result.GetValue(shell) is not (null or "bash" or "zsh" or "fish")) { result.AddError($"SHELL is bash, zsh or fish, not '{result.GetValue(shell)}'."); }
        });
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish }));
        return command;
    }
}
