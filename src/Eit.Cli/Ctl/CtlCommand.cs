using System.CommandLine;
using System.Text;
using Eit.Cli.Serve;

namespace Eit.Cli.Ctl;

/// <summary>The verb <c>ctl</c>: steers a server that runs.</summary>
internal static class CtlCommand
{
    private const int TextCharsMax = 16 * 1024 * 1024;
    private const int ReadChars = 16 * 1024;
    private const string ExitCodes = "Exit codes: 0 done; 1 the server refused it; 2 bad usage; 3 there is no server.";

    private const string Details = $"""
        {ExitCodes}

        The same by HTTP, for any language: curl --unix-socket SOCKET http://localhost/status. All of it: docs/SERVE.md.

        Examples: eit ctl connections --channel /rooms/a
                  eit ctl broadcast --channel /rooms/a 'Dinner is ready.'
                  eit ctl status --json
        """;

    internal static Command Make()
    {
        var socket = new Option<string?>("--control") { Description = $"The socket at which the server is steered. Default: what {ControlSocket.Variable} says, or {ControlSocket.DefaultPath}.", HelpName = "SOCKET", Recursive = true };
        var json = new Option<bool>("--json") { Description = "Print the answer as JSON.", Recursive = true };
        var command = new Verb("ctl", "Steer a server that runs: list and show connections, send, broadcast, close, reload, drain.", Details) { socket, json };
        var channel = new Option<string?>("--channel") { Description = "Only connections to this path.", HelpName = "PATH" };
        var user = new Option<string?>("--user") { Description = "Only connections of this user.", HelpName = "NAME" };
        var reason = new Option<string?>("--reason") { Description = "What the client is told.", HelpName = "TEXT" };
        var watch = new Option<bool>("--watch") { Description = "Show them every second, until Ctrl-C." };
        var id = new Argument<string>("ID") { Description = "The connection: its id, or at least four characters of its beginning." };
        var text = new Argument<string?>("TEXT") { Description = "The message. Without it, the standard input is the message, but for a line feed at its end; at most 16 MiB.", Arity = ArgumentArity.ZeroOrOne };

        void Add(string name, string description, string example, IEnumerable<Symbol> symbols, Func<ParseResult, Task<CtlCall>> call)
        {
            var verb = new Verb(name, description, $"{ExitCodes}\n\nExample: eit ctl {example}");
            foreach (Symbol symbol in symbols)
            {
                if (symbol is Option option) { verb.Add(option); }
                else { verb.Add((Argument)symbol); }
            }
            verb.SetAction(async (parsed, interrupted) =>
            {
                InvocationConfiguration to = parsed.InvocationConfiguration;
                CtlCall asked = await call(parsed);
                string? named = parsed.GetValue(socket) ?? ControlSocket.GivenPath;
                return await asked.RunAsync(Path.GetFullPath(named ?? ControlSocket.DefaultPath), named is not null, parsed.GetValue(json), to.Output, to.Error, interrupted);
            });
            command.Add(verb);
        }
        static Task<CtlCall> Get(string target) => Task.FromResult(new CtlCall(HttpMethod.Get, target));

        Add("status", "What the server is, and how it is.", "status", [], static _ => Get("/status"));
        Add("connections", "List connections.", "connections --channel /rooms/a --user ada", [channel, user], parsed => Get($"/connections{QueryOf(("channel", parsed.GetValue(channel)), ("user", parsed.GetValue(user)))}"));
        Add("show", "Show a connection.", "show 4f1c", [id], parsed => Get(ConnectionOf(parsed.GetValue(id)!)));
        Add("channels", "List the paths that somebody is connected to.", "channels", [], static _ => Get("/channels"));
        Add("agents", "Count the connections by what their clients call themselves: which versions are still about.", "agents", [], static _ => Get("/agents"));
        Add("stats", "Show counts.", "stats --watch --json", [watch], parsed => Task.FromResult(new CtlCall(HttpMethod.Get, "/stats") { Repeats = parsed.GetValue(watch) }));
        Add("send", "Send a message to a connection.", "send 4f1c 'Hello.'", [id, text], async parsed => new CtlCall(HttpMethod.Post, $"{ConnectionOf(parsed.GetValue(id)!)}/messages", await TextOf(parsed.GetValue(text))));
        Add("broadcast", "Send a message to all connections, or to those that are chosen.", "broadcast --channel /rooms/a 'Dinner is ready.'", [channel, user, text],
            async parsed => new CtlCall(HttpMethod.Post, $"/messages{QueryOf(("channel", parsed.GetValue(channel)), ("user", parsed.GetValue(user)))}", await TextOf(parsed.GetValue(text))));
        Add("close", "Close a connection; its client does not come back by itself.", "close 4f1c --reason 'Enough.'", [id, reason],
            parsed => Task.FromResult(new CtlCall(HttpMethod.Delete, ConnectionOf(parsed.GetValue(id)!) + QueryOf(("reason", parsed.GetValue(reason))))));
        Add("reload", "Read the configuration and its files again, as SIGHUP does.", "reload", [], static _ => Task.FromResult(new CtlCall(HttpMethod.Post, "/reload")));
        Add("drain", "Ask all clients to go elsewhere, and end the server, as SIGTERM does.", "drain", [], static _ => Task.FromResult(new CtlCall(HttpMethod.Post, "/drain")));
        return command;
    }

    private static string ConnectionOf(string id) => $"/connections/{Uri.EscapeDataString(id)}";

    private static string QueryOf(params (string Name, string? Value)[] members)
    {
        string query = string.Join('&', members.Where(static member => member.Value is not null).Select(static member => $"{member.Name}={Uri.EscapeDataString(member.Value!)}"));
        return query.Length == 0 ? "" : $"?{query}";
    }

    private static async Task<string> TextOf(string? given)
    {
        if (given is not null) { return given; }
        var text = new StringBuilder();
        char[] some = new char[ReadChars];
        for (int count = 1; count > 0 && text.Length <= TextCharsMax; text.Append(some, 0, count)) { count = await Console.In.ReadAsync(some); }
        return text.Length > 0 && text[^1] == '\n' ? text.ToString(0, text.Length - 1) : text.ToString();   // One that is too long is refused by the server.
    }
}
