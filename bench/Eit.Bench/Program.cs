using System.Globalization;

namespace Eit.Bench;

/// <summary>The command.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["server"]) { return await BenchServer.RunAsync(); }
        int rounds = 5;
        bool isKnown = arguments is ["core" or "oneway" or "handover" or "all"]
            || (arguments is ["core" or "oneway" or "handover" or "all", "--rounds", { } text] && int.TryParse(text, CultureInfo.InvariantCulture, out rounds) && rounds > 0);
        if (!isKnown)
        {
            Console.Error.WriteLine("usage: Eit.Bench core|oneway|handover|all [--rounds N]");
            return 2;
        }
        if (arguments[0] is "core" or "all") { CorePath.Run(rounds); }
        if (arguments[0] is "core") { return 0; }
        await using ServerProcess server = await ServerProcess.StartAsync();
        if (arguments[0] is "oneway" or "all") { await OneWay.RunAsync(server, rounds); }
        if (arguments[0] is "handover" or "all") { await HandOverGap.RunAsync(server, rounds); }
        return 0;
    }
}
