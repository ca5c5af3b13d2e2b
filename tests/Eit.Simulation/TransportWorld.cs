using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>A world about transports: whatever happens to them, each message is handled once and in order.</summary>
internal sealed class TransportWorld : RandomWorld
{
    private readonly double _handlerMs;
    private readonly double _throws;

    internal TransportWorld(ulong seed, Canary canary = Canary.None)
        : base(seed, canary) => (_handlerMs, _throws) = (Pick(0, 0, 0.5, 5, 40), Pick(0, 0.05, 0.5, 1));

    protected override TimeSpan OutboxAge => TimeSpan.FromHours(1);

    public override void HandlerBegan(SimSession session)
    {
        TimeSpan time = IsHealed ? TimeSpan.Zero : Within(TimeSpan.FromMilliseconds(_handlerMs * 2));
        At(time, () =>
        {
            session.HandlerFinished(throws: Chance(_throws));
            DriveOwner(session);
        });
    }

    protected override SessionSettings SettingsOf() => new()
    {
        Timeout = TimeSpan.FromSeconds(Pick(1, 5)),
        WindowMessages = (int)Pick(2, 16, 256, 8192),
        MessageBytesMax = 64 * 1024,
        WindowBytes = (int)Pick(64, 128, 2048) * 1024,
        OutboxMessagesMax = (int)Pick(20, 1000),
        OutboxAge = OutboxAge,
        ResumeWindow = TimeSpan.FromSeconds(Pick(5, 120, 120, 120)),
        CloseGiveUp = TimeSpan.FromSeconds(10),
        Features = FeaturesOf(),
    };

    protected override void BeginTraffic(bool fromClient, Func<SimSession?> find, Func<bool> isOver) =>
        At(Within(TimeSpan.FromMilliseconds(120)), () => Send(find, isOver));

    private void Send(Func<SimSession?> find, Func<bool> isOver)
    {
        if (IsHealed || isOver()) { return; }
        if (find() is { } session)
        {
            for (int left = Chance(0.1) ? Below(20) : 1; left > 0; left--)
            {
                var message = new OutgoingMessage
                {
                    Lane = Chance(0.8) ? Lane.Normal : (Lane)Below(4),
                    CompleteWhen = Chance(0.8) ? CompleteWhen.Processed : CompleteWhen.Received,
                    Token = Chance(0.5) ? this : null,
                    MayWait = Chance(0.5),
                };
                session.Send(message, bytes: Chance(0.97) ? Below(200) : Below(60_000), isText: Chance(0.9), out _);
            }
            DriveOwner(session);
        }
        At(Within(TimeSpan.FromMilliseconds(120)), () => Send(find, isOver));
    }
}
