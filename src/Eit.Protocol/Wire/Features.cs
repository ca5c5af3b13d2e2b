namespace Eit.Protocol.Wire;

/// <summary>The names of the features that this implementation has (PROTOCOL.md, E): what version 1 has got since it began, and an end uses only with another that has it too.</summary>
/// <remarks>Each is a constant here and stands in <see cref="All"/>. Ask <see cref="Session.SessionMachine.PeerHas"/> before what it names is used.</remarks>
public static class Features
{
    /// <summary>An ack tells which messages have failed (D5).</summary>
    public const string Failed = "failed";

    /// <summary>Gets every name.</summary>
    public static IReadOnlyList<string> All { get; } = [Failed];
}
