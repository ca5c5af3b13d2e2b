using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Eit.Cli.Chaos;
using Eit.Cli.Connect;
using Eit.Cli.Ctl;
using Eit.Cli.Demo;
using Eit.Cli.Doctor;
using Eit.Cli.Serve;
using Eit.Cli.Soak;

namespace Eit.Cli;

/// <summary>The tool `eit`: finds the verb and runs it.</summary>
internal static class Program
{
    private const int BadUsage = 2;

    /// <summary>Longer than a verb takes to end cleanly after Ctrl-C.</summary>
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(20);

    private static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error);

    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("Eit keeps a conversation alive over connections that die.") { ConnectCommand.Make(), ServeCommand.Make(), CtlCommand.Make(), TokenCommand.Make(), DoctorCommand.Make(), CompletionCommand.Make(), DemoCommand.Make(), ChaosCommand.Make(), SoakCommand.Make() };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new VerbHelp((HelpAction)help.Action!);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors is [.., var last])                        // The last one says most: an unknown verb comes behind a missing one.
        {
            await Terminal.FailAsync(error, $"{last.Message} See 'eit {PathOf(parsed.CommandResult)}--help'.");
            return BadUsage;
        }
        bool handlesSignals = parsed.CommandResult.Command is Verb { HandlesSignals: true };
        return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = handlesSignals ? null : s_endLimit });
    }

    private static string PathOf(CommandResult command) => command.Parent is CommandResult parent ? $"{PathOf(parent)}{command.Command.Name} " : "";
}
