using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;

namespace Eit.Compat;

/// <summary>Runs ends of two ages against each other; tests/compat.sh builds them. Exit code 0: all is well; 1: it is not.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        Dictionary<string, string> settings = arguments.Select(static argument => argument.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
        int Number(string name, int otherwise) => settings.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        var old = new Age("old", settings["old"]);
        var present = new Age("new", settings["new"]);
        string folder = settings["notes"];
        ulong seed = (ulong)Number("seed", 1);
        var time = TimeSpan.FromSeconds(Number("seconds", 20));
        var patience = TimeSpan.FromSeconds(Number("patience", 60));
        Directory.CreateDirectory(folder);
        using X509Certificate2 certificate = TestCertificate.Make(DateTimeOffset.UtcNow);

        List<(Age, Age)> pairs = [(old, present), (present, old)];
        if (Number("all", 0) == 1) { pairs.AddRange([(old, old), (present, present)]); }
        bool isWell = await new Pairs(certificate, folder, seed, patience).RunAsync(pairs, Number("clients", 8), time);
        int crowd = Number("crowd", 200);
        if (crowd > 0) { isWell &= await new Replacement(certificate, folder, patience).RunAsync([old, present, old], [old, present], crowd / 2, TimeSpan.FromSeconds(Number("each", 5))); }
        return isWell ? 0 : 1;
    }
}
