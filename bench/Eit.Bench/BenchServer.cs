using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Eit.Rpc;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Bench;

/// <summary>The server process: the same work over bare WebSockets, SignalR and Eit. It reads its certificate, says its port, answers each further line of its standard input with one, and ends with it.</summary>
internal static class BenchServer
{
    private const int ConnectionsMax = 20_000;

    internal static async Task<int> RunAsync(int port)
    {
        using X509Certificate2 certificate = BenchCertificate.Read(await Console.In.ReadLineAsync());
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificate)));
        builder.Services.AddRouting();
        builder.Services.AddSignalR().AddHubOptions<SignalRHub.LargeBuffer>(static options => options.StatefulReconnectBufferSize = 32 * 1024 * 1024);
        builder.Services.AddEit(static options =>
        {
            options.ExemptForDevelopment(unencrypted: false, anonymous: true);
            options.Limits.SessionsPerOwnerMax = ConnectionsMax;
        });
        builder.Services.AddEitRpc();
        await using WebApplication app = builder.Build();
        app.UseWebSockets();
        app.UseRouting();
        app.MapEit<EitServerLine.Handler>("/eit");
        app.MapEitRpc("/rpc", CallApi.CreateSession, CallApi.Options);
        app.MapHub<CallHub>("/calls");
        app.MapHub<SignalRHub.Plain>("/hub");
        app.MapHub<SignalRHub.Stateful>("/stateful", static options => options.AllowStatefulReconnects = true);
        app.MapHub<SignalRHub.LargeBuffer>("/stateful32", static options => options.AllowStatefulReconnects = true);
        ConcurrentDictionary<ILine, bool> raw = new();
        app.Map("/raw", context => ServeAsync(context, isBatched: false, raw));
        app.Map("/batched", static context => ServeAsync(context, isBatched: true, []));
        await app.StartAsync();
        var sessions = app.Services.GetRequiredService<EitSessions>();
        Dictionary<string, FanOut> fanOuts = new()
        {
            ["raw"] = new FanOut.Raw(raw),
            ["signalr"] = new FanOut.SignalR<SignalRHub.Plain>(app.Services.GetRequiredService<IHubContext<SignalRHub.Plain>>()),
            ["stateful"] = new FanOut.SignalR<SignalRHub.Stateful>(app.Services.GetRequiredService<IHubContext<SignalRHub.Stateful>>()),
            ["eit"] = new FanOut.Eit(sessions, isText: false, waits: true),
            ["eit-text"] = new FanOut.Eit(sessions, isText: true, waits: true),
            ["eit-at-once"] = new FanOut.Eit(sessions, isText: true, waits: false),
        };
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Console.WriteLine(new Uri(address).Port);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            string answer = line is "connections" ? (raw.Count + SignalRHub.Connections + sessions.Count).ToString(CultureInfo.InvariantCulture) : await AnswerAsync(line.Split(' '), fanOuts);
            Console.WriteLine(answer);
        }
        Environment.Exit(0);                                       // Thousands of closes measure nothing.
        return 0;
    }

    private static async Task<string> AnswerAsync(string[] words, Dictionary<string, FanOut> fanOuts) => words switch
    {
        ["allocated"] => ProcessFigures.Allocated(),
        ["memory"] => ProcessFigures.Memory(),
        ["flat", { } stack, { } milliseconds, { } bytes] => await FlatAsync(fanOuts[stack], Ms(milliseconds), Number(bytes)),
        ["paced", { } stack, { } milliseconds, { } every, { } bytes] => await PacedAsync(fanOuts[stack], Ms(milliseconds), Ms(every), Number(bytes)),
        _ => throw new ArgumentException($"The server does not know '{string.Join(' ', words)}'.", nameof(words)),
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static TimeSpan Ms(string text) => TimeSpan.FromMilliseconds(Number(text));

    /// <summary>Sends to all as fast as it goes, then an answer to all.</summary>
    private static async Task<string> FlatAsync(FanOut fanOut, TimeSpan time, int bytes)
    {
        await Task.Yield();
        var message = Message.OfSize(Message.Counted, bytes);
        int count = 0;
        var watch = Stopwatch.StartNew();
        for (; watch.Elapsed < time; count++) { await fanOut.SendAsync(message); }
        await fanOut.SendAsync(new Message($"{Message.Answer}{count}"));
        return count.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Sends numbered messages to all at a fixed pace, then an answer to all. A thread of its own: the timers of the pool are too coarse for a message a millisecond.</summary>
    private static Task<string> PacedAsync(FanOut fanOut, TimeSpan time, TimeSpan every, int bytes)
    {
        var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => done.SetResult(Pace(fanOut, time, every, bytes))) { IsBackground = true }.Start();
        return done.Task;
    }

    private static string Pace(FanOut fanOut, TimeSpan time, TimeSpan every, int bytes)
    {
        int count = 0;
        var watch = Stopwatch.StartNew();
        for (; watch.Elapsed < time; count++)
        {
            fanOut.SendAsync(Message.Numbered(count, bytes)).AsTask().Wait();
            TimeSpan left = ((count + 1) * every) - watch.Elapsed;
            if (left > TimeSpan.Zero) { Thread.Sleep(Math.Max(1, (int)left.TotalMilliseconds)); }
        }
        fanOut.SendAsync(new Message($"{Message.Answer}{count}")).AsTask().Wait();
        return count.ToString(CultureInfo.InvariantCulture);
    }

    private static async Task ServeAsync(HttpContext context, bool isBatched, ConcurrentDictionary<ILine, bool> lines)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.Zero });
        var line = new RawLine(socket, isBatched);
        lines[line] = true;
        await line.ReceiveAsync(new ServerEnd(line).ReceivedAsync);
        lines.TryRemove(line, out _);
    }
}
