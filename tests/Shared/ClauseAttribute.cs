namespace Eit.Tests;

/// <summary>Names the clauses of PROTOCOL.md that a test proves.</summary>
/// <param name="ids">The clauses' ids, such as S4.2.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class ClauseAttribute(params string[] ids) : Attribute
{
    /// <summary>Gets the clauses' ids.</summary>
    public IReadOnlyList<string> Ids { get; } = ids;
}
