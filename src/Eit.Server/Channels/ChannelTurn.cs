using Eit.Backoff;

namespace Eit.Server.Channels;

/// <summary>One call of user code in the turn of a channel, as that code and all that it calls can see it.</summary>
internal sealed class ChannelTurn(EitChannel channel, ChannelCall call, Instant beganAt)
{
    private static readonly AsyncLocal<ChannelTurn?> s_current = new();
    private volatile bool _isRunning = true;
    private bool _isReported;

    /// <summary>Gets the call inside which the caller runs; null outside of channels.</summary>
    internal static ChannelTurn? Current => s_current.Value is { _isRunning: true } turn ? turn : null;

    internal EitChannel Channel => channel;

    internal ChannelCall Call => call;

    /// <summary>Makes this the current one for the caller and what it calls, until the caller's own async method returns.</summary>
    internal void Begin() => s_current.Value = this;

    internal void End() => _isRunning = false;

    /// <summary>Tells, once, that the call has taken too long.</summary>
    internal bool HangsSince(TimeSpan limit, Instant now) => _isRunning && now.Since(beganAt) >= limit && !Interlocked.Exchange(ref _isReported, true);
}
