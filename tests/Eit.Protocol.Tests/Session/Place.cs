using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>A machine at one end, brought into a state by a conversation. Its first transport has epoch 1, that of a cycle epoch 2.</summary>
internal sealed class Place
{
    private readonly Action<World> _arrange;

    private Place(string name, EitEnd end, Action<World> arrange) => (Name, End, _arrange) = (name, end, arrange);

    /// <summary>Every state of a session at either end, with and without the old transport where there can be one.</summary>
    internal static Place[] All { get; } =
    [
        new("server online", EitEnd.Server, static _ => { }),
        new("server online after a cycle", EitEnd.Server, static world => world.Client.Cycle()),
        new("server proving", EitEnd.Server, static world => world.CycleHeldAtTheSwitch()),
        new("server proving without the old", EitEnd.Server, static world =>
        {
            world.CycleHeldAtTheSwitch();
            world.OldWire.CutAt(EitEnd.Server);
        }),
        new("server crossing", EitEnd.Server, static world =>
        {
            world.Wire.Up.IsFrozen = true;
            world.Client.Session.SendAll("in the gap");
            world.Client.Cycle();
        }),
        new("server crossing without the old", EitEnd.Server, static world =>
        {
            world.CycleHeldAtTheServersSwitch();
            world.OldWire.CutAt(EitEnd.Server);
        }),
        new("server detached", EitEnd.Server, Detach),
        new("server ended", EitEnd.Server, static world => world.Server.Session.Machine.Abandon(CloseCode.Closed, "over")),
        new("client online", EitEnd.Client, static _ => { }),
        new("client online after a cycle", EitEnd.Client, static world => world.Client.Cycle()),
        new("client crossing before switch", EitEnd.Client, static world => world.CycleHeldAtTheSwitch()),
        new("client crossing after switch", EitEnd.Client, static world =>
        {
            world.Wire.Down.IsFrozen = true;
            world.Server.Session.SendAll("in the gap");
            world.Client.Cycle();
        }),
        new("client crossing without the old", EitEnd.Client, static world =>
        {
            world.CycleHeldAtTheSwitch();
            world.OldWire.CutAt(EitEnd.Client);
        }),
        new("client detached", EitEnd.Client, Detach),
        new("client ended", EitEnd.Client, static world => world.Client.Session.Machine.Abandon(CloseCode.Closed, "over")),
    ];

    internal string Name { get; }

    internal EitEnd End { get; }

    /// <summary>Makes a world in which the end is there, and in which nothing moves any more unless it is told to.</summary>
    internal (World World, SessionEnd End) Enter()
    {
        World world = new World().Connected();
        _arrange(world);
        world.Settle();
        foreach (Transport wire in world.Transports) { wire.Freeze(); }
        world.HoldsDials = true;
        return (world, world.End(End));
    }

    public override string ToString() => Name;

    private static void Detach(World world)
    {
        world.HoldsDials = true;
        world.CutTheWire();
    }
}
