namespace Eit.Server.Tests.Admission;

public sealed class DevelopmentExemptionTests
{
    [Theory]
    [InlineData("ASPNETCORE_ENVIRONMENT", "Production")]
    [InlineData("DOTNET_ENVIRONMENT", "production")]
    [InlineData("ASPNETCORE_ENVIRONMENT", " Production ")]
    public void No_exemption_while_either_variable_says_production_and_both_are_named(string variable, string value)
    {
        var exemption = new DevelopmentExemption(Unencrypted: true, Anonymous: true, Environment: null);

        string? fault = exemption.FaultIn("Development", name => name == variable ? value : "Development");

        Assert.Contains($"{variable} says Production", fault, StringComparison.Ordinal);
        Assert.Contains("ASPNETCORE_ENVIRONMENT (", fault, StringComparison.Ordinal);
        Assert.Contains("DOTNET_ENVIRONMENT (", fault, StringComparison.Ordinal);
        Assert.Null(exemption.FaultIn("Development", static _ => null));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(" Production")]
    [InlineData("Production\t")]
    [InlineData("Test ing")]
    [InlineData("PRODUCTION")]
    public void An_odd_name_of_an_environment_is_refused(string environment)
    {
        Assert.Throws<ArgumentException>(() => new EitServerOptions().ExemptForDevelopment(unencrypted: true, anonymous: true, environment));
    }
}
