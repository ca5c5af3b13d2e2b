using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Eit.Cli;

/// <summary>The usual help, and behind it the details of a verb.</summary>
internal sealed class VerbHelp(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb verb) { parseResult.InvocationConfiguration.Output.WriteLine(verb.Details); }
        return exitCode;
    }
}
