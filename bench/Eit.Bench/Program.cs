using System.Globalization;

namespace Eit.Bench;

/// <summary>The command.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["server"]) { return await BenchServer.RunAsync(); }
        if (arguments is ["clients", { } port, { } pin, { } count]) { return await IdleClients.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), pin, int.Parse(count, CultureInfo.InvariantCulture)); }
        if (arguments is ["flow"] or ["flow", "handler" or "text" or "binary" or "stalls" or "holes"])
        {
            await FlowRuns.RunAsync(arguments.ElementAtOrDefault(1));
            return 0;
        }
        if (arguments is ["idle"])
        {
            await IdleConnections.RunAsync();
            return 0;
        }
        int rounds = 5;
        bool isKnown = arguments is ["codec" or "core" or "oneway" or "handover" or "all"]
            || (arguments is ["codec" or "core" or "oneway" or "handover" or "all", "--rounds", { } text] && int.TryParse(text, CultureInfo.InvariantCulture, out rounds) && rounds > 0);
        if (!isKnown)
        {
            Console.Error.WriteLine("usage: Eit.Bench codec|core|oneway|handover|all [--rounds N] | flow [handler|text|binary|stalls|holes] | idle");
            return 2;
        }
        if (arguments[0] is "codec" or "all") { CodecPath.Run(rounds); }
        if (arguments[0] is "codec") { return 0; }
        if (arguments[0] is "core" or "all") { CorePath.Run(rounds); }
        if (arguments[0] is "core") { return 0; }
        await using ServerProcess server = await ServerProcess.StartAsync();
        if (arguments[0] is "oneway" or "all") { await OneWay.RunAsync(server, rounds); }
        if (arguments[0] is "handover" or "all") { await HandOverGap.RunAsync(server, rounds); }
        return 0;
    }
}
