using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>What a hello leads to.</summary>
/// <typeparam name="T">What the server calls a session.</typeparam>
public abstract record AdmissionVerdict<T>
    where T : class
{
    private AdmissionVerdict() { }

    /// <summary>It is for a session that is here, if that admits it.</summary>
    /// <param name="Session">The session.</param>
    public sealed record GoOn(T Session) : AdmissionVerdict<T>;

    /// <summary>It is for a new session.</summary>
    /// <param name="Refusal">Why the one that was asked for does not go on; null if none was.</param>
    /// <param name="Superseded">The session of the same instance that ends by it; null if there is none.</param>
    public sealed record Begin(ResumeRefusal? Refusal, T? Superseded) : AdmissionVerdict<T>;

    /// <summary>It is refused.</summary>
    /// <param name="Violation">Why.</param>
    public sealed record Refuse(Violation Violation) : AdmissionVerdict<T>;
}
