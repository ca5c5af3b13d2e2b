namespace Eit.Protocol.Session;

/// <summary>Why a session that a client asked for does not go on, so that it is given a new one (R1.6, S3.5).</summary>
/// <param name="Why">A word: <c>unknown</c> or <c>ended</c>.</param>
/// <param name="IsStandby">Whether the client still has the old session elsewhere, and confirms the new one when it has closed that.</param>
public sealed record ResumeRefusal(string Why, bool IsStandby);
