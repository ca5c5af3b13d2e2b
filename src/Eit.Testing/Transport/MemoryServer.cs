using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Eit.Testing.Transport;

/// <summary>The server of an ASP.NET Core application that takes its requests from the world's networks.</summary>
internal sealed class MemoryServer(ServerClock clock) : IServer
{
    /// <summary>How long requests that were aborted get to end, as with Kestrel.</summary>
    private static readonly TimeSpan s_abortLimit = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly List<MemoryRequest> _requests = [];
    private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<MemoryRequest, Task>? _process;              // While it listens.

    public IFeatureCollection Features { get; } = new FeatureCollection();

    /// <summary>Whether it takes dials.</summary>
    internal bool IsListening => Volatile.Read(ref _process) is not null;

    /// <summary>Ends when its process dies.</summary>
    internal Task Killed => _killed.Task;

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        Volatile.Write(ref _process, request => ProcessAsync(application, request));
        return Task.CompletedTask;
    }

    /// <summary>Takes no dials any more and waits for what is open; what is not over when the token is cancelled is aborted.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task served = Task.WhenAll(CloseDoor().Select(static request => request.Served));
        try { await served.WaitAsync(cancellationToken).ConfigureAwait(false); }
        catch (OperationCanceledException)
        {
            Dispose();
            await GiveUpAsync(served).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (MemoryRequest request in CloseDoor()) { request.Connection.Cut(EitTestCut.Reset); }
    }

    /// <exception cref="IOException">It does not listen any more.</exception>
    internal MemoryRequest Serve(HttpRequestMessage message, MemoryConnection connection)
    {
        MemoryRequest request;
        Func<MemoryRequest, Task> process;
        lock (_gate)
        {
            process = _process ?? throw new IOException("The server has gone.");
            request = new MemoryRequest(message, connection);
            _requests.RemoveAll(static request => request.Served.IsCompleted);
            _requests.Add(request);
        }
        request.Begin(process);
        return request;
    }

    /// <summary>The process dies: its time stands still, its connections break, and it hears of nothing.</summary>
    internal void Kill()
    {
        clock.Stop();
        foreach (MemoryRequest request in CloseDoor()) { request.Connection.KillServer(); }
        lock (_gate) { _requests.Clear(); }
        _killed.TrySetResult();
    }

    private async Task GiveUpAsync(Task served)
    {
        try { await served.WaitAsync(s_abortLimit, clock, CancellationToken.None).ConfigureAwait(false); }
        catch (TimeoutException)
        {
            // What goes on is the application's.
        }
    }

    private MemoryRequest[] CloseDoor()
    {
        lock (_gate)
        {
            _process = null;
            return [.. _requests];
        }
    }

    private static async Task ProcessAsync<TContext>(IHttpApplication<TContext> application, MemoryRequest request)
        where TContext : notnull
    {
        TContext context = application.CreateContext(request.Features);
        Exception? failure = null;
        try
        {
            try { await application.ProcessRequestAsync(context).ConfigureAwait(false); }
            catch (Exception thrown) when (thrown is not OutOfMemoryException)
            {
                failure = thrown;
            }
            await request.AnswerAsync(failure).ConfigureAwait(false);   // Its callbacks may look at the request, as they may with Kestrel.
        }
        finally { application.DisposeContext(context, failure); }
    }
}
