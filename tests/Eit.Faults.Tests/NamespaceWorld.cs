using System.Globalization;
using System.Net;

namespace Eit.Faults.Tests;

/// <summary>A server in a network namespace of its own, at the other end of a veth pair. All rules are in that namespace, and end with it; the machine's own network is left alone.</summary>
internal sealed class NamespaceWorld : World
{
    private static int s_worlds;

    private readonly string _name;
    private readonly string _network;

    private NamespaceWorld()
    {
        int number = Interlocked.Increment(ref s_worlds);
        _name = string.Create(CultureInfo.InvariantCulture, $"eit{Environment.ProcessId}n{number}");
        _network = string.Create(CultureInfo.InvariantCulture, $"198.18.{number}");
    }

    protected override IPEndPoint Front => new(IPAddress.Parse(ServerAddress), Server.Port);

    private string ServerAddress => $"{_network}.2";

    private string Near => $"{_name}a";

    private string Far => $"{_name}b";

    internal static async Task<NamespaceWorld> StartAsync()
    {
        var world = new NamespaceWorld();
        try
        {
            await Commands.RunAsync("ip", "netns", "add", world._name);
            await Commands.RunAsync("ip", "link", "add", world.Near, "type", "veth", "peer", "name", world.Far, "netns", world._name);
            await Commands.RunAsync("ip", "address", "add", $"{world._network}.1/30", "dev", world.Near);
            await Commands.RunAsync("ip", "link", "set", world.Near, "up");
            await Commands.RunAsync("ip", "-n", world._name, "address", "add", $"{world.ServerAddress}/30", "dev", world.Far);
            await Commands.RunAsync("ip", "-n", world._name, "link", "set", world.Far, "up");
            await Commands.RunAsync("ip", "-n", world._name, "link", "set", "lo", "up");
            await world.NftAsync("add table inet eit; add chain inet eit up { type filter hook input priority 0; }; add chain inet eit down { type filter hook output priority 0; }");
            await world.StartServerAsync($"{world.ServerAddress}:0", under: ["ip", "netns", "exec", world._name]);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Applies a rule of nftables to what comes up to the server, or goes down from it, or both.</summary>
    internal async Task FilterAsync(string rule, bool up = true, bool down = true)
    {
        if (up) { await NftAsync($"add rule inet eit up {rule}"); }
        if (down) { await NftAsync($"add rule inet eit down {rule}"); }
    }

    internal Task HealAsync() => NftAsync("flush table inet eit");

    /// <summary>Limits the rate of both ends of the pair.</summary>
    internal async Task LimitAsync(string rate)
    {
        string[] tbf = ["root", "tbf", "rate", rate, "burst", "4kb", "latency", "400ms"];
        await Commands.RunAsync(["tc", "qdisc", "add", "dev", Near, .. tbf]);
        await Commands.RunAsync(["tc", "-n", _name, "qdisc", "add", "dev", Far, .. tbf]);
    }

    internal async Task UnlimitAsync()
    {
        await Commands.RunAsync("tc", "qdisc", "del", "dev", Near, "root");
        await Commands.RunAsync("tc", "-n", _name, "qdisc", "del", "dev", Far, "root");
    }

    internal Task LinkAsync(bool isUp) => Commands.RunAsync("ip", "link", "set", Near, isUp ? "up" : "down");

    /// <summary>Ends the TCP connections of the server's namespace, as <c>ss -K</c> does.</summary>
    internal Task KillConnectionsAsync() => Commands.RunAsync("ip", "netns", "exec", _name, "ss", "-K", "src", ServerAddress);

    protected override async ValueTask TearDownAsync()
    {
        await Commands.TryAsync("ip", "link", "del", Near);
        await Commands.TryAsync("ip", "netns", "del", _name);
    }

    private Task NftAsync(string what) => Commands.RunAsync("ip", "netns", "exec", _name, "nft", what);
}
