using System.Globalization;
using System.Net;

namespace Eit.Faults.Tests;

/// <summary>A server in a network namespace of its own, at the other end of a veth pair. All rules are in that namespace, and end with it; the machine's own network is left alone.</summary>
internal sealed class NamespaceWorld : World
{
    private const string ServerAddress = "198.18.77.2";

    private static readonly string s_name = string.Create(CultureInfo.InvariantCulture, $"eit{Environment.ProcessId}");

    protected override IPEndPoint Front => new(IPAddress.Parse(ServerAddress), Server.Port);

    private static string Near => $"{s_name}a";

    private static string Far => $"{s_name}b";

    internal static async Task<NamespaceWorld> StartAsync()
    {
        var world = new NamespaceWorld();
        try
        {
            await Commands.RunAsync("ip", "netns", "add", s_name);
            await Commands.RunAsync("ip", "link", "add", Near, "type", "veth", "peer", "name", Far, "netns", s_name);
            await Commands.RunAsync("ip", "address", "add", "198.18.77.1/30", "dev", Near);
            await Commands.RunAsync("ip", "link", "set", Near, "up");
            await Commands.RunAsync("ip", "-n", s_name, "address", "add", $"{ServerAddress}/30", "dev", Far);
            await Commands.RunAsync("ip", "-n", s_name, "link", "set", Far, "up");
            await Commands.RunAsync("ip", "-n", s_name, "link", "set", "lo", "up");
            await NftAsync("add table inet eit; add chain inet eit up { type filter hook input priority 0; }; add chain inet eit down { type filter hook output priority 0; }");
            await world.StartServerAsync($"{ServerAddress}:0", under: ["ip", "netns", "exec", s_name]);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Applies a rule of nftables to what comes up to the server, or goes down from it, or both.</summary>
    internal static async Task FilterAsync(string rule, bool up = true, bool down = true)
    {
        if (up) { await NftAsync($"add rule inet eit up {rule}"); }
        if (down) { await NftAsync($"add rule inet eit down {rule}"); }
    }

    internal static Task HealAsync() => NftAsync("flush table inet eit");

    /// <summary>Limits the rate of both ends of the pair.</summary>
    internal static async Task LimitAsync(string rate)
    {
        string[] tbf = ["root", "tbf", "rate", rate, "burst", "4kb", "latency", "400ms"];
        await Commands.RunAsync(["tc", "qdisc", "add", "dev", Near, .. tbf]);
        await Commands.RunAsync(["tc", "-n", s_name, "qdisc", "add", "dev", Far, .. tbf]);
    }

    internal static async Task UnlimitAsync()
    {
        await Commands.RunAsync("tc", "qdisc", "del", "dev", Near, "root");
        await Commands.RunAsync("tc", "-n", s_name, "qdisc", "del", "dev", Far, "root");
    }

    internal static Task LinkAsync(bool isUp) => Commands.RunAsync("ip", "link", "set", Near, isUp ? "up" : "down");

    /// <summary>Ends the TCP connections of the server's namespace, as <c>ss -K</c> does.</summary>
    internal static Task KillConnectionsAsync() => Commands.RunAsync("ip", "netns", "exec", s_name, "ss", "-K", "src", ServerAddress);

    protected override async ValueTask TearDownAsync()
    {
        await Commands.TryAsync("ip", "link", "del", Near);
        await Commands.TryAsync("ip", "netns", "del", s_name);
    }

    private static Task NftAsync(string what) => Commands.RunAsync("ip", "netns", "exec", s_name, "nft", what);
}
