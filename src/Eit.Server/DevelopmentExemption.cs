using System.Net;

namespace Eit.Server;

/// <summary>What the guard lets in during development.</summary>
internal sealed record DevelopmentExemption(bool Unencrypted, bool Anonymous, string? Environment)
{
    internal const string Forbidden = "Production";
    internal const string Variable = "ASPNETCORE_ENVIRONMENT";
    internal const string OtherVariable = "DOTNET_ENVIRONMENT";

    /// <summary>Says what is wrong with the name of an environment; null if nothing is.</summary>
    internal static string? FaultOf(string environment)
    {
        bool isName = environment.Length > 0 && environment.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
        if (!isName) { return $"'{environment}' is no name of an environment: letters, digits, '-', '_' and '.'."; }
        return environment.Equals(Forbidden, StringComparison.OrdinalIgnoreCase) ? "There is no exemption in Production." : null;
    }

    /// <summary>Tells whether a host is one that no foreign name server can make point to this machine: localhost, or an address.</summary>
    /// <param name="host">The host, without a port.</param>
    internal static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);

    /// <summary>Says what forbids the exemption in an environment; null if nothing does.</summary>
    /// <param name="environment">The host's environment.</param>
    /// <param name="valueOf">The value of an environment variable; null if it is not set.</param>
    internal string? FaultIn(string environment, Func<string, string?> valueOf)
    {
        string what = (Unencrypted, Anonymous) switch { (true, true) => "unencrypted and anonymous", (true, false) => "unencrypted", _ => "anonymous" };
        string begin = $"Eit is set up to let {what} clients in (ExemptForDevelopment), and";
        bool isAllowed = string.Equals(environment, "Development", StringComparison.OrdinalIgnoreCase)
            || (Environment is not null && string.Equals(environment, Environment, StringComparison.OrdinalIgnoreCase));
        if (!isAllowed)
        {
            return $"{begin} the environment is {environment}. Remove that call, or start with {Variable}=Development or {OtherVariable}=Development; "
                + "another environment than Development has to be named in the call, and Production can't be.";
        }
        string? contrary = new[] { Variable, OtherVariable }.FirstOrDefault(name => string.Equals(valueOf(name)?.Trim(), Forbidden, StringComparison.OrdinalIgnoreCase));
        return contrary is null ? null
            : $"{begin} although the environment is {environment}, {contrary} says {Forbidden}: where {Variable} ({valueOf(Variable) ?? "not set"}) and {OtherVariable} ({valueOf(OtherVariable) ?? "not set"}) "
                + "contradict each other there is no exemption.";
    }
}
