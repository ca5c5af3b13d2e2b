using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Eit.Compat.End;

/// <summary>
/// A server, or clients, of one age. Built twice, against two commits, and run by tests/Eit.Compat. Says <c>port N</c> or <c>started</c> when it is there, ends when it reads <c>stop</c>, and at once when
/// its input ends. Its notes are then complete.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        var settings = new Settings(arguments.Skip(1));
        var told = new TaskCompletionSource();
        _ = ListenAsync(told);
        using var notes = new Notes(settings["notes"]);
        await (arguments[0] == "server" ? ServeAsync(settings, notes, told.Task) : TalkAsync(settings, notes, told.Task));
        return 0;
    }

    private static async Task ListenAsync(TaskCompletionSource told)
    {
        await Task.Yield();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "stop") { told.TrySetResult(); }
        }
        Environment.Exit(3);                                       // Nobody is left who would stop it.
    }

    /// <summary>Serves until it is told to stop; then it drains.</summary>
    private static async Task ServeAsync(Settings settings, Notes notes, Task told)
    {
        byte[] pkcs12 = Convert.FromBase64String(Environment.GetEnvironmentVariable("EIT_COMPAT_CERTIFICATE")!);
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(pkcs12, password: null);
        WebApplicationBuilder builder = WebHost.Make(certificate);
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromSeconds(60));
        await using WebApplication app = Server.Build(builder, 2 * settings.Milliseconds("cycle"), (name, session) => new Conversation($"{name}<{session}", session, notes, settings.Milliseconds("pace"), settings.Milliseconds("patience")));
        await app.StartAsync();
        Say($"port {WebHost.PortOf(app)}");
        await told;
        await app.StopAsync();
        Say($"stopped");
    }

    /// <summary>Connects, talks until it is told to stop, waits for all outcomes of both ends, and says good-bye.</summary>
    private static async Task TalkAsync(Settings settings, Notes notes, Task told)
    {
        var clients = new List<(IClient Client, Conversation Conversation)>();
        for (int i = 1; i <= settings.Number("count"); i++)
        {
            bool isJson = i % 2 == 0;
            string name = string.Create(CultureInfo.InvariantCulture, $"{settings["name"]}-{(isJson ? "json" : "bin")}-{i}");
            var conversation = new Conversation($"{name}>", "-", notes, settings.Milliseconds("pace"), settings.Milliseconds("patience"));
            IClient client = Client.Make(new Uri($"{settings["url"]}?name={name}"), settings["pin"], name, isJson, settings.Milliseconds("cycle"), conversation);
            clients.Add((client, conversation));
        }
        await Task.WhenAll(clients.Select(async pair =>
        {
            await pair.Client.StartAsync();
            pair.Conversation.Begin(pair.Client.Server);
        }));
        Say($"started");
        await told;
        await Task.WhenAll(clients.Select(pair => EndAsync(pair.Client, pair.Conversation, settings.Milliseconds("patience"))));
        Say($"cycles {clients.Sum(static pair => pair.Client.Cycles)} connects {clients.Sum(static pair => pair.Client.Connects)}");
    }

    private static async Task EndAsync(IClient client, Conversation conversation, TimeSpan patience)
    {
        await conversation.StopAsync();
        try
        {
            Answer answer = await client.Server.CallAsync("stop", "stop ").WaitAsync(2 * patience);
            if (answer.Outcome != "Processed") { conversation.Ended($"its server did not stop: {answer.Outcome}"); }
        }
        catch (TimeoutException) { conversation.Ended("its server did not stop in time"); }
        await client.CloseAsync();
        await client.DisposeAsync();
    }

    private static void Say(FormattableString line)
    {
        Console.Out.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        Console.Out.Flush();
    }
}
