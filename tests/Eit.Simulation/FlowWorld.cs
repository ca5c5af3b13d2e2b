using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>
/// A world about flow: both ends send more than the other takes, in all lanes, with expiries, keys and withdrawals, messages as large as the window; handlers send an echo
/// and wait for room, for its way, for its processing, both sides at once.
/// </summary>
internal sealed class FlowWorld : RandomWorld
{
    private const byte Echo = 16;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(7);

    private readonly double _handlerMs;
    private readonly double _echoes;
    private readonly double _large;
    private readonly double _withLife;
    private readonly double _withKey;
    private readonly double _throws;
    private readonly int _messagesMax;
    private readonly int _messageBytesMax;
    private readonly TimeSpan _patience;
    private readonly HashSet<SimSession> _waiting = [];
    private int _mutualWaits;

    internal FlowWorld(ulong seed, Canary canary = Canary.None)
        : base(seed, canary)
    {
        _handlerMs = Pick(0, 1, 5, 20, 40);
        _echoes = Pick(0, 0.2, 0.5, 1);
        _large = Pick(0, 0.02, 0.1);
        _withLife = Pick(0, 0.1, 0.5);
        _withKey = Pick(0, 0.1, 0.5);
        _throws = Pick(0, 0.05, 0.5, 1);
        _messagesMax = (int)Pick(300, 400, 500);
        _messageBytesMax = (int)Pick(20_000, 40_000, 65_536);
        _patience = TimeSpan.FromSeconds(Pick(0.05, 0.3, 1));
        OutboxAge = TimeSpan.FromSeconds(Pick(1.5, 3600, 3600));
    }

    protected override TimeSpan OutboxAge { get; }

    protected override TimeSpan DrainsWithin => TimeSpan.FromSeconds(2_000);

    protected override int MutualWaits => _mutualWaits;

    public override void HandlerBegan(SimSession session)
    {
        TimeSpan time = IsHealed ? TimeSpan.Zero : Within(TimeSpan.FromMilliseconds(_handlerMs * Pick(0.1, 1, 1, 5)));
        bool echoes = session.Handling.Kind != Echo && Chance(_echoes);
        At(time, () =>
        {
            if (!echoes) { Finish(session); }
            else { SendEcho(session, Draw() with { Kind = Echo, Token = Chance(0.7) ? this : null }, SizeOf(), giveUpAt: Now + _patience); }
        });
    }

    protected override SessionSettings SettingsOf()
    {
        int messages = (int)Pick(1, 2, 8, 64, 1024);
        int bytes = _messageBytesMax * (int)Pick(1, 1, 2, 32);
        int growth = (int)Pick(1, 8);
        return new SessionSettings
        {
            Timeout = TimeSpan.FromSeconds(Pick(1, 5)),
            MessageBytesMax = _messageBytesMax,
            WindowMessages = messages,
            WindowMessagesMax = messages * growth,
            WindowBytes = bytes,
            WindowBytesMax = bytes * growth,
            OutboxMessagesMax = (int)Pick(1, 5, 30, 1000),
            OutboxBytesMax = (int)Pick(1024, 65_536, 1_048_576),
            OutboxAge = OutboxAge,
            LedgerPiecesMax = (int)Pick(4, 65_536, 65_536),
            LedgerBytesMax = (int)Pick(65_536, 16_777_216),
            ResumeWindow = TimeSpan.FromSeconds(Pick(5, 120, 120, 120)),
            CloseGiveUp = TimeSpan.FromSeconds(10),
            Features = FeaturesOf(),
        };
    }

    /// <summary>The messages that may be sent become more as time passes; they are sent in bursts, until there is no room.</summary>
    protected override void BeginTraffic(bool fromClient, Func<SimSession?> find, Func<bool> isOver)
    {
        Instant beganAt = Now;
        int sent = 0;
        Send();

        void Send()
        {
            if (IsHealed || isOver()) { return; }
            int allowed = (int)(_messagesMax * (Now.Since(beganAt) / TrafficFor));
            if (find() is { IsFull: false } session)
            {
                while (sent < allowed && TrySend(session)) { sent++; }
                DriveOwner(session);
            }
            At(Within(TimeSpan.FromMilliseconds(400)), Send);
        }
    }

    private bool TrySend(SimSession session)
    {
        OutgoingMessage message = Draw() with { Token = Chance(0.6) ? this : null, MayWait = Chance(0.7) };
        if (session.Send(message, SizeOf(), isText: Chance(0.9), out long id) != AcceptResult.Accepted) { return false; }
        if (Chance(0.05)) { At(Within(TimeSpan.FromMilliseconds(300)), () => Withdraw(session, id)); }
        return true;
    }

    private OutgoingMessage Draw() => new()
    {
        Lane = Chance(0.5) ? Lane.Normal : (Lane)Below(4),
        ExpiresAfter = Chance(_withLife) ? Within(TimeSpan.FromSeconds(Pick(0.02, 0.3, 3))) : null,
        Key = Chance(_withKey) ? $"key {Below(5)}" : null,
        CompleteWhen = Chance(0.7) ? CompleteWhen.Processed : CompleteWhen.Received,
        MayWait = true,
    };

    private int SizeOf() => Chance(_large) ? (int)Pick(0, Below(_messageBytesMax), WireLimits.PieceBytesMax, _messageBytesMax, _messageBytesMax) : Below(200);

    /// <summary>A handler sends: it waits for room, then for what it wants to know, in all no longer than its patience.</summary>
    private void SendEcho(SimSession session, OutgoingMessage message, int bytes, Instant giveUpAt)
    {
        _waiting.Add(session);
        bool isOver = session.Machine.IsClosing;
        if (!isOver && !session.IsFull && session.Send(message, bytes, isText: true, out long id) == AcceptResult.Accepted)
        {
            DriveOwner(session);
            if (message.Token is null) { Finish(session); }
            else { AwaitOutcome(session, id, giveUpAt); }
        }
        else if (isOver) { Finish(session); }
        else if (Now >= giveUpAt) { GiveUp(session, isNotSent: true); }
        else { At(s_look, () => SendEcho(session, message, bytes, giveUpAt)); }
    }

    private void AwaitOutcome(SimSession session, long id, Instant giveUpAt)
    {
        if (session.Outgoing.IsEnded || session.Outgoing.OutcomeOf(id) is not null) { Finish(session); }
        else if (Now >= giveUpAt) { GiveUp(session, isNotSent: session.TryWithdraw(id)); }
        else { At(s_look, () => AwaitOutcome(session, id, giveUpAt)); }
    }

    /// <summary>The handler of one end has waited long enough; that of the other may be waiting for it.</summary>
    private void GiveUp(SimSession session, bool isNotSent)
    {
        bool isMutual = _waiting.Any(other => other.Machine.Id == session.Machine.Id && other != session);
        if (isMutual && isNotSent) { _mutualWaits++; }
        Finish(session);
    }

    private void Finish(SimSession session)
    {
        _waiting.Remove(session);
        session.HandlerFinished(throws: Chance(_throws));
        DriveOwner(session);
    }

    private void Withdraw(SimSession session, long id)
    {
        if (session.TryWithdraw(id)) { DriveOwner(session); }
    }
}
