using System.Diagnostics;

namespace Eit.Fuzz;

/// <summary>Makes an assertion of the machines that does not hold an exception, so that it is found with its seed and does not end the process.</summary>
internal sealed class AssertionListener : TraceListener
{
    public override void Fail(string? message, string? detailMessage) => throw new FuzzException($"An assertion does not hold: {message} {detailMessage}");

    public override void Write(string? message) { }

    public override void WriteLine(string? message) { }
}
