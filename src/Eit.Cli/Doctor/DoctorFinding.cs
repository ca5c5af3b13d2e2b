namespace Eit.Cli.Doctor;

/// <summary>What one step of the examination has found.</summary>
/// <param name="Step">The step, in a word.</param>
/// <param name="What">What was found.</param>
/// <param name="Advice">What to change; null if nothing has to be.</param>
internal sealed record DoctorFinding(string Step, string What, string? Advice = null)
{
    internal bool IsWell => Advice is null;
}
