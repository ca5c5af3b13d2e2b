namespace Eit.Faults.Tests;

/// <summary>What goes wrong with packets, between two network namespaces.</summary>
internal static class NamespaceScenarios
{
    private static readonly TimeSpan s_half = TimeSpan.FromSeconds(0.5);

    internal static IEnumerable<Scenario> All =>
    [
        Filtered("5 % of all packets are lost, for 5 s", Bounds.Refused, 5, "numgen random mod 100 < 5 drop") with { Rounds = 2 },
        Filtered("20 % of all packets are lost, for 5 s", Bounds.BlackHoled(2), 5, "numgen random mod 100 < 20 drop") with { Rounds = 2 },
        Of("256 kbit/s, for 5 s", Bounds.Silence, static async world =>
        {
            await world.LimitAsync("256kbit");
            await Patience.LastAsync(TimeSpan.FromSeconds(5));
            await world.UnlimitAsync();
        }) with { Rounds = 2, Talk = new TalkOptions(TimeSpan.FromMilliseconds(50), 300) },
        Of("all packets up are lost, for 4 s", Bounds.BlackHoled(4), static world => DropAsync(world, 4, up: true, down: false)) with { Rounds = 2 },
        Of("all packets down are lost, for 4 s", Bounds.BlackHoled(4), static world => DropAsync(world, 4, up: false, down: true)) with { Rounds = 2 },
        Of("all packets are lost, for 1 s", Bounds.BlackHoled(1), static world => DropAsync(world, 1, up: true, down: true)) with { Rounds = 3 },
        Of("all packets are lost, for 10 s", Bounds.BlackHoled(10), static world => DropAsync(world, 10, up: true, down: true)) with { Rounds = 1 },
        Of("all packets are lost for 500 ms and pass for 500 ms, six times", Bounds.BlackHoled(0.5), static async world =>
        {
            for (int i = 0; i < 6; i++)
            {
                await DropAsync(world, 0.5, up: true, down: true);
                await Patience.LastAsync(s_half);
            }
        }) with { Rounds = 1 },
        Of("SYN packets are lost for 3 s, while all clients cycle", Bounds.Loud, static async world =>
        {
            await world.FilterAsync("tcp flags syn drop");
            await world.CycleAllAsync();
            await world.HealAsync();
        }) with { Rounds = 2 },
        Of("SYN packets are lost for 3 s, after a cut", Bounds.BlackHoled(3), static async world =>
        {
            await world.FilterAsync("tcp flags syn drop");
            await world.KillConnectionsAsync();
            await Patience.LastAsync(TimeSpan.FromSeconds(3));
            await world.HealAsync();
        }) with { Rounds = 2 },
        Filtered("packets of more than 600 bytes are lost, for 4 s", Bounds.BlackHoled(4), 4, "meta length > 600 drop") with { Rounds = 2, Talk = new TalkOptions(TimeSpan.FromMilliseconds(50), 100) },
        Filtered("packets of more than 600 bytes are lost, for 4 s, and messages are larger", Bounds.BlackHoled(4), 4, "meta length > 600 drop") with { Rounds = 2, Talk = new TalkOptions(TimeSpan.FromMilliseconds(50), 2_000) },
        Of("TCP is answered with resets, for 1 s", Bounds.Refused, static async world =>
        {
            await world.FilterAsync("meta l4proto tcp reject with tcp reset", down: false);
            await Patience.LastAsync(TimeSpan.FromSeconds(1));
            await world.HealAsync();
        }) with { Rounds = 3 },
        Of("the sockets of the server are killed", Bounds.Loud, static world => world.KillConnectionsAsync()),
        Of("the link is down, for 3 s", Bounds.BlackHoled(3), static async world =>
        {
            await world.LinkAsync(isUp: false);
            await Patience.LastAsync(TimeSpan.FromSeconds(3));
            await world.LinkAsync(isUp: true);
        }) with { Rounds = 2 },
    ];

    private static Scenario<NamespaceWorld> Of(string name, TimeSpan bound, Func<NamespaceWorld, Task> inflict) => new(name, bound, NamespaceWorld.StartAsync, inflict) { Need = Need.Namespaces };

    private static Scenario<NamespaceWorld> Filtered(string name, TimeSpan bound, double seconds, string rule) => Of(name, bound, async world =>
    {
        await world.FilterAsync(rule);
        await Patience.LastAsync(TimeSpan.FromSeconds(seconds));
        await world.HealAsync();
    });

    private static async Task DropAsync(NamespaceWorld world, double seconds, bool up, bool down)
    {
        await world.FilterAsync("drop", up, down);
        await Patience.LastAsync(TimeSpan.FromSeconds(seconds));
        await world.HealAsync();
    }
}
