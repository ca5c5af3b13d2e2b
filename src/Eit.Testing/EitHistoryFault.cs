namespace Eit.Testing;

/// <summary>One thing that is wrong with a history.</summary>
/// <param name="Kind">What.</param>
/// <param name="Message">With which message.</param>
/// <param name="Reason">In words.</param>
public sealed record EitHistoryFault(EitHistoryFaultKind Kind, string Message, string Reason);
