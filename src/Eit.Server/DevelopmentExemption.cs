namespace Eit.Server;

/// <summary>What the guard lets in during development.</summary>
internal sealed record DevelopmentExemption(bool Unencrypted, bool Anonymous, string? Environment)
{
    /// <summary>Says what forbids the exemption in an environment; null if nothing does.</summary>
    internal string? FaultIn(string environment)
    {
        bool isAllowed = string.Equals(environment, "Development", StringComparison.OrdinalIgnoreCase)
            || (Environment is not null && string.Equals(environment, Environment, StringComparison.OrdinalIgnoreCase));
        if (isAllowed) { return null; }
        string what = (Unencrypted, Anonymous) switch { (true, true) => "unencrypted and anonymous", (true, false) => "unencrypted", _ => "anonymous" };
        return $"Eit is set up to let {what} clients in (ExemptForDevelopment), and the environment is {environment}. Remove that call, or start with ASPNETCORE_ENVIRONMENT=Development; "
            + "another environment than Development has to be named in the call, and Production can't be.";
    }
}
