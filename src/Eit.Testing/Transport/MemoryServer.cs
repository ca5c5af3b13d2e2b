using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Eit.Testing.Transport;

/// <summary>The server of an ASP.NET Core application that takes its requests from the world's networks.</summary>
internal sealed class MemoryServer(ServerClock clock) : IServer
{
    private readonly Lock _gate = new();
    private readonly List<MemoryRequest> _requests = [];
    private Func<IFeatureCollection, Task>? _process;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    internal ServerClock Clock { get; } = clock;

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _process = features => ProcessAsync(application, features);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Cut();
        return Task.CompletedTask;
    }

    public void Dispose() => Cut();

    internal MemoryRequest Serve(HttpRequestMessage message, MemoryConnection connection)
    {
        var request = new MemoryRequest(message, connection);
        lock (_gate)
        {
            _requests.RemoveAll(static request => request.Served.IsCompleted);
            _requests.Add(request);
        }
        request.Begin(_process ?? throw new InvalidOperationException("The server has not started."));
        return request;
    }

    /// <summary>The process dies: its time stands still, its connections break.</summary>
    internal void Kill()
    {
        Clock.Stop();
        foreach (MemoryRequest request in Requests()) { request.Connection.KillServer(); }
    }

    private void Cut()
    {
        foreach (MemoryRequest request in Requests()) { request.Connection.Cut(EitTestCut.Reset); }
    }

    private MemoryRequest[] Requests()
    {
        lock (_gate) { return [.. _requests]; }
    }

    private static async Task ProcessAsync<TContext>(IHttpApplication<TContext> application, IFeatureCollection features)
        where TContext : notnull
    {
        TContext context = application.CreateContext(features);
        Exception? failure = null;
        try { await application.ProcessRequestAsync(context).ConfigureAwait(false); }
        catch (Exception thrown)
        {
            failure = thrown;
            throw;
        }
        finally { application.DisposeContext(context, failure); }
    }
}
