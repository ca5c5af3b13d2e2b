using System.Diagnostics;
using System.Globalization;

namespace Eit.Bench;

/// <summary>npm's Socket.IO server in a process of its own. It is installed beside this program the first time.</summary>
internal static class SocketIoServer
{
    private const string Package = "socket.io@4.8.4";

    /// <summary>Starts it.</summary>
    /// <returns>The process and its port; null where node, npm or the package is not to be had.</returns>
    internal static async Task<(ChildProcess Process, int Port)?> TryStartAsync()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "socketio");
        try
        {
            Directory.CreateDirectory(folder);
            File.Copy(Path.Combine(AppContext.BaseDirectory, "socketio-server.js"), Path.Combine(folder, "server.js"), overwrite: true);
            if (!Directory.Exists(Path.Combine(folder, "node_modules", "socket.io"))) { await InstallAsync(folder); }
            ChildProcess process = await ChildProcess.StartAsync(new ProcessStartInfo("node", ["server.js"]) { WorkingDirectory = folder });
            return (process, int.Parse(process.Said, CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
        {
            Console.WriteLine($"Without Socket.IO: {failure.Message}");
            return null;
        }
    }

    private static async Task InstallAsync(string folder)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), """{ "private": true }""");
        using Process npm = Process.Start(new ProcessStartInfo("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", Package]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0) { throw new InvalidOperationException($"npm could not install {Package}."); }
    }
}
