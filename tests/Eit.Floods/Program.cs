using System.Globalization;

namespace Eit.Floods;

/// <summary>Floods a server that has little memory, in one way after the other, and looks at what becomes of it and of ordinary clients beside. See docs/FLOODS.md.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["serve"]:
                return await FloodServer.RunAsync();
            case ["attack", { } name, { } port, { } seconds]:
                await Floods.All[name](new Target(int.Parse(port, CultureInfo.InvariantCulture), DateTime.UtcNow.AddSeconds(int.Parse(seconds, CultureInfo.InvariantCulture))));
                return 0;
            default:
                bool isPaced = arguments is not ["--any-pace", ..];
                string[] rest = isPaced ? arguments : arguments[1..];
                int time = rest is ["--seconds", { } text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 60;
                string[] names = rest is ["--seconds", _, ..] ? rest[2..] : rest;
                string[] unknown = [.. names.Where(static name => !Floods.All.ContainsKey(name))];
                if (unknown.Length == 0) { return await FloodRun.RunAsync(TimeSpan.FromSeconds(time), isPaced, names.Length > 0 ? names : [.. Floods.All.Keys]); }
                Console.Error.WriteLine($"There is no flood {unknown[0]}; there are {string.Join(", ", Floods.All.Keys)}.");
                return 2;
        }
    }
}
