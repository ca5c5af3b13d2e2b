using System.CommandLine;

namespace Eit.Cli;

/// <summary>A command of the tool, with what its own help says beyond one line.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">One line, also for the list of all verbs.</param>
/// <param name="details">What <c>--help</c> says behind the options: exit codes, an example.</param>
internal sealed class Verb(string name, string description, string details) : Command(name, description)
{
    internal string Details => details;

    /// <summary>Gets or sets whether it sees to SIGTERM and Ctrl-C itself.</summary>
    internal bool HandlesSignals { get; set; }
}
