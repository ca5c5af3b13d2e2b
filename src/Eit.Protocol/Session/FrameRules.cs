using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>The table of every frame on every transport at either end (X1.2, X1.3).</summary>
public static class FrameRules
{
    private const FrameRule Act = FrameRule.Act;
    private const FrameRule Bad = FrameRule.BadState;

    // The columns are the roles of the transport: active, candidate, retiring.
    private static readonly FrameRule[][] s_atServer = ByType(new()
    {
        [FrameType.Hello] = [Bad, Bad, Bad],
        [FrameType.Welcome] = [Bad, Bad, Bad],
        [FrameType.Data] = [Act, Bad, Act],
        [FrameType.Ack] = [Act, Act, Act],
        [FrameType.Ping] = [Act, Act, Act],
        [FrameType.Pong] = [Act, Act, Act],
        [FrameType.Switch] = [Bad, Act, Bad],
        [FrameType.Resend] = [Act, Bad, Act],
        [FrameType.Cycle] = [Bad, Bad, Bad],
        [FrameType.Terms] = [Bad, Bad, Bad],
        [FrameType.Close] = [Act, Bad, Act],
    });

    private static readonly FrameRule[][] s_atClient = ByType(new()
    {
        [FrameType.Hello] = [Bad, Bad, Bad],
        [FrameType.Welcome] = [Bad, Bad, Bad],
        [FrameType.Data] = [Act, Bad, Act],
        [FrameType.Ack] = [Act, Act, Act],
        [FrameType.Ping] = [Act, Act, Act],
        [FrameType.Pong] = [Act, Act, Act],
        [FrameType.Switch] = [Act, Bad, Bad],
        [FrameType.Resend] = [Act, Bad, Act],
        [FrameType.Cycle] = [Act, Act, Act],
        [FrameType.Terms] = [Act, Act, Act],
        [FrameType.Close] = [Act, Bad, Act],
    });

    /// <summary>Judges the frame that a transport begins with (S1.1).</summary>
    /// <param name="end">The end that received it.</param>
    /// <param name="type">What the frame is.</param>
    /// <returns>Null if a transport begins with it.</returns>
    public static Violation? OfFirst(EitEnd end, FrameType type)
    {
        FrameType expected = end == EitEnd.Client ? FrameType.Welcome : FrameType.Hello;
        return type == expected ? null : new Violation(CloseCode.BadState, "S1.1", $"The first frame is a {type}, not a {expected}.");
    }

    /// <summary>Looks a frame up.</summary>
    /// <param name="end">The end that received it.</param>
    /// <param name="role">What its transport is to the session; null if it is superseded, or the session is over.</param>
    /// <param name="type">What the frame is.</param>
    public static FrameRule For(EitEnd end, TransportRole? role, FrameType type)
    {
        return role is not { } known ? FrameRule.Ignore : (end == EitEnd.Client ? s_atClient : s_atServer)[(int)type][(int)known];
    }

    private static FrameRule[][] ByType(Dictionary<FrameType, FrameRule[]> table)
    {
        var rules = new FrameRule[table.Count][];
        foreach ((FrameType type, FrameRule[] roles) in table) { rules[(int)type] = roles; }
        return rules;
    }
}
