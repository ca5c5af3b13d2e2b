using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>The bounds and times of one end of a session.</summary>
public sealed record SessionSettings
{
    /// <summary>Gets or sets the silence after which a transport is given up.</summary>
    /// <value>Default 5 s; 1 s to 5 min.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets after what silence of its own this end says something. A third of the peer's time-out, when that is shorter.</summary>
    /// <value>Default null: a third of the peer's time-out; 10 ms to less than half of <see cref="Timeout"/>.</value>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>Gets or sets the largest message that this end takes, in bytes.</summary>
    /// <value>Default 1 MiB; 1 to 16 MiB.</value>
    public int MessageBytesMax { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets how many messages the peer may have on the way or waiting for the handler here, when the session begins.</summary>
    /// <value>Default 1,024; 1 to <see cref="WindowMessagesMax"/>.</value>
    public int WindowMessages { get; set; } = 1_024;

    /// <summary>Gets or sets how many payload bytes the peer may have on the way or waiting for the handler here, when the session begins.</summary>
    /// <value>Default 1 MiB; <see cref="MessageBytesMax"/> to <see cref="WindowBytesMax"/>.</value>
    public int WindowBytes { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets how far the window of messages may grow; it does while the handlers are fast.</summary>
    /// <value>Default 16,384; <see cref="WindowMessages"/> (it never grows) to 65,536.</value>
    public int WindowMessagesMax { get; set; } = 16_384;

    /// <summary>Gets or sets how far the window of bytes may grow; it does while the handlers are fast.</summary>
    /// <value>Default 16 MiB; <see cref="WindowBytes"/> (it never grows) to 64 MiB.</value>
    public int WindowBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Gets or sets how many messages may wait to leave in each lane.</summary>
    /// <value>Default 8,192; 1 to 1,000,000.</value>
    public int OutboxMessagesMax { get; set; } = 8_192;

    /// <summary>Gets or sets how many payload bytes may wait to leave in each lane; a larger message is taken when nothing else waits there.</summary>
    /// <value>Default 1 MiB; 1 KiB to 1 GiB.</value>
    public int OutboxBytesMax { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets how long a message may wait to leave; then it is given up as <see cref="SendOutcome.NotSent"/>. A message whose outcome nobody waits for waits as long as the session lives (D2.2).</summary>
    /// <value>Default 60 s; 100 ms to 24 h.</value>
    public TimeSpan OutboxAge { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how long a message waits behind the next higher lane, here and in the queue for the handlers, before every second turn is its own; behind a lane that is two or three steps higher twice or three times as long.</summary>
    /// <value>Default 2 s; 10 ms to 1 h.</value>
    public TimeSpan LanePatience { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long a message may wait to leave, with a transport there, until the peer counts as a slow consumer.</summary>
    /// <value>Default 10 s; 100 ms to 24 h.</value>
    public TimeSpan SlowConsumerAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets what is done about a slow consumer.</summary>
    /// <value>Default <see cref="SlowConsumers.Wait"/>.</value>
    public SlowConsumers SlowConsumers { get; set; } = SlowConsumers.Wait;

    /// <summary>Gets or sets how many pieces may be sent and not yet processed by the peer, whatever credit it gives; the rest of a message that has begun goes beyond it.</summary>
    /// <value>Default 65,536; 1 to 1,000,000.</value>
    public int LedgerPiecesMax { get; set; } = 65_536;

    /// <summary>Gets or sets how many payload bytes are kept to be sent again, whatever credit the peer gives.</summary>
    /// <value>Default 16 MiB; 64 KiB to 1 GiB.</value>
    public int LedgerBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Gets or sets how long a message that has begun may make no progress although the peer could go on with it; it is looked at twice before the peer's session ends with that (F2.9).</summary>
    /// <value>Default 30 s; 1 s to 1 h.</value>
    public TimeSpan ReassemblyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long a session waits for a transport in an outage. The server's counts; zero: it does not.</summary>
    /// <value>Default 120 s; 0 to 24 h.</value>
    public TimeSpan ResumeWindow { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>Gets or sets after how long an unanswered close is sent again.</summary>
    /// <value>Default 2 s; 100 ms to <see cref="CloseGiveUp"/>.</value>
    public TimeSpan CloseRetry { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets after how long a close is given up.</summary>
    /// <value>Default 30 s; at most 1 h.</value>
    public TimeSpan CloseGiveUp { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the longest wait of an acknowledgement (N2.1).</summary>
    /// <value>Default 50 ms; 0 to 1 s.</value>
    public TimeSpan AckDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Gets or sets what this end calls itself to its peers (V1.10), which show it to their operators: a name and a version, <c>my-app/2.1</c>.</summary>
    /// <value>Default <see cref="AgentName.Own"/>; 1 to 64 printable ASCII characters. It is left out of a hello that would be too long with it for its header.</value>
    public string Agent { get; set; } = AgentName.Own;

    /// <summary>Gets or sets the features that this end names (V1.7): fewer than it has, to be like an older one.</summary>
    internal FeatureSet Features { get; set; } = FeatureSet.Own;

    /// <summary>Gets or sets whether this end's transports can send a WebSocket message in fragments. Where they can't, as in a browser, messages are cut into pieces as small as fragments would be (L1.9).</summary>
    /// <value>Default true.</value>
    public bool CanFragment { get; set; } = true;

    /// <summary>Gets the credit that a session starts with.</summary>
    internal Credit Window => new(WindowMessages, WindowBytes);

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these settings.</param>
    public IEnumerable<string> Faults(string path = "Session")
    {
        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(5)) { yield return $"{path}:Timeout ({Timeout}) must be 1 s to 5 min."; }
        if (KeepAlive is { } every && (every < TimeSpan.FromMilliseconds(10) || every >= Timeout / 2)) { yield return $"{path}:KeepAlive ({every}) must be at least 10 ms and less than half of Timeout ({Timeout}), or one that is late would look like a loss."; }
        if (MessageBytesMax is < 1 or > WireLimits.MessageBytesMaxMax) { yield return $"{path}:MessageBytesMax ({MessageBytesMax}) must be 1 to {WireLimits.MessageBytesMaxMax}."; }
        if (WindowMessagesMax is < 1 or > 65_536) { yield return $"{path}:WindowMessagesMax ({WindowMessagesMax}) must be 1 to 65,536."; }
        if (WindowMessages < 1 || WindowMessages > WindowMessagesMax) { yield return $"{path}:WindowMessages ({WindowMessages}) must be 1 to WindowMessagesMax ({WindowMessagesMax})."; }
        if (WindowBytes < MessageBytesMax) { yield return $"{path}:WindowBytes ({WindowBytes}) must be at least MessageBytesMax ({MessageBytesMax}), or the largest message could never be sent."; }
        if (WindowBytes > WindowBytesMax) { yield return $"{path}:WindowBytes ({WindowBytes}) must be at most WindowBytesMax ({WindowBytesMax})."; }
        if (WindowBytesMax > 64 * 1024 * 1024) { yield return $"{path}:WindowBytesMax ({WindowBytesMax}) must be at most 64 MiB."; }
        if (OutboxMessagesMax is < 1 or > 1_000_000) { yield return $"{path}:OutboxMessagesMax ({OutboxMessagesMax}) must be 1 to 1,000,000."; }
        if (OutboxBytesMax < 1024) { yield return $"{path}:OutboxBytesMax ({OutboxBytesMax}) must be at least 1 KiB."; }
        if (OutboxAge < TimeSpan.FromMilliseconds(100) || OutboxAge > TimeSpan.FromHours(24)) { yield return $"{path}:OutboxAge ({OutboxAge}) must be 100 ms to 24 h."; }
        if (LanePatience < TimeSpan.FromMilliseconds(10) || LanePatience > TimeSpan.FromHours(1)) { yield return $"{path}:LanePatience ({LanePatience}) must be 10 ms to 1 h."; }
        if (SlowConsumerAfter < TimeSpan.FromMilliseconds(100) || SlowConsumerAfter > TimeSpan.FromHours(24)) { yield return $"{path}:SlowConsumerAfter ({SlowConsumerAfter}) must be 100 ms to 24 h."; }
        if (!Enum.IsDefined(SlowConsumers)) { yield return $"{path}:SlowConsumers ({SlowConsumers}) must be Wait or Disconnect."; }
        if (LedgerPiecesMax is < 1 or > 1_000_000) { yield return $"{path}:LedgerPiecesMax ({LedgerPiecesMax}) must be 1 to 1,000,000."; }
        if (LedgerBytesMax < 64 * 1024) { yield return $"{path}:LedgerBytesMax ({LedgerBytesMax}) must be at least 64 KiB."; }
        if (ReassemblyTimeout < TimeSpan.FromSeconds(1) || ReassemblyTimeout > TimeSpan.FromHours(1)) { yield return $"{path}:ReassemblyTimeout ({ReassemblyTimeout}) must be 1 s to 1 h."; }
        if (ResumeWindow < TimeSpan.Zero || ResumeWindow > TimeSpan.FromHours(24)) { yield return $"{path}:ResumeWindow ({ResumeWindow}) must be 0 to 24 h."; }
        if (CloseRetry < TimeSpan.FromMilliseconds(100) || CloseRetry > CloseGiveUp) { yield return $"{path}:CloseRetry ({CloseRetry}) must be 100 ms to CloseGiveUp ({CloseGiveUp})."; }
        if (CloseGiveUp > TimeSpan.FromHours(1)) { yield return $"{path}:CloseGiveUp ({CloseGiveUp}) must be at most 1 h."; }
        if (Agent is null || !AgentName.IsLegal(Agent)) { yield return $"{path}:Agent must be 1 to {AgentName.CharsMax} printable ASCII characters."; }
        if (AckDelay < TimeSpan.Zero || AckDelay > TimeSpan.FromSeconds(1)) { yield return $"{path}:AckDelay ({AckDelay}) must be 0 to 1 s."; }
    }
}
