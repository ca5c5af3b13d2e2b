using System.Collections.Concurrent;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

/// <summary>A real server that answers the first dials as its script says, and takes the others. Remembers the headers of every dial.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<Action<HttpResponse>> _script;
    private TestHost? _host;

    private ScriptedServer(IEnumerable<Action<HttpResponse>> script)
    {
        _script = new ConcurrentQueue<Action<HttpResponse>>(script);
    }

    internal TestHost Host => _host!;

    internal Recorder Recorder { get; } = new();

    internal ConcurrentQueue<IHeaderDictionary> Dials { get; } = new();

    internal static async Task<ScriptedServer> StartAsync(params Action<HttpResponse>[] script)
    {
        var server = new ScriptedServer(script);
        server._host = await TestHost.StartAsync(
            app =>
            {
                app.Use(server.AnswerAsync);
                app.MapEit<Recorder>("/eit");
            },
            TestHost.Calm,
            build: builder => builder.Services.AddSingleton(server.Recorder));
        return server;
    }

    internal static Action<HttpResponse> Status(int status, string? header = null, string? value = null) => response =>
    {
        response.StatusCode = status;
        if (header is not null) { response.Headers[header] = value; }
    };

    /// <summary>Answers one more dial, before any that waits for the real server.</summary>
    internal void Then(Action<HttpResponse> answer) => _script.Enqueue(answer);

    public ValueTask DisposeAsync() => _host!.DisposeAsync();

    private Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        Dials.Enqueue(new HeaderDictionary(context.Request.Headers.ToDictionary()));
        if (!_script.TryDequeue(out Action<HttpResponse>? answer)) { return next(context); }
        answer(context.Response);
        return Task.CompletedTask;
    }
}
