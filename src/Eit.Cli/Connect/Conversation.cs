namespace Eit.Cli.Connect;

/// <summary>A conversation with an endpoint, as <c>connect</c> needs it. Messages are sent from one place; <paramref name="onMessage"/> is called for one at a time.</summary>
/// <param name="onMessage">Takes what comes.</param>
/// <param name="onState">Takes what there is to say of the connection, for people.</param>
internal abstract class Conversation(Func<ConnectMessage, ValueTask> onMessage, Action<string> onState) : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();

    /// <summary>Gets a token that is cancelled when the conversation can't go on.</summary>
    internal CancellationToken Over => _over.Token;

    /// <summary>Gets why it can't go on; null while it can.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Gets a task that ends when <see cref="SettleAsync"/> has something to do; null while nothing is under way.</summary>
    internal virtual Task? Unsettled => null;

    /// <summary>Opens the conversation.</summary>
    internal abstract Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Sends a message, after all those before it.</summary>
    /// <returns>Completes when it is taken over.</returns>
    /// <exception cref="ArgumentException">The message is larger than the server takes.</exception>
    internal abstract Task SendAsync(ConnectMessage message, CancellationToken cancellationToken);

    /// <summary>Takes note of what became of messages, and sends again what has to be.</summary>
    internal virtual Task SettleAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Waits until everything that was sent is acknowledged, and closes.</summary>
    /// <returns>What can't be said to have been handled; null if all was.</returns>
    internal abstract Task<string?> FinishAsync(CancellationToken cancellationToken);

    /// <summary>Ends the conversation, as far as it is not over.</summary>
    internal void Fail(string problem)
    {
        Problem ??= problem;
        _over.Cancel();
    }

    public virtual ValueTask DisposeAsync()
    {
        _over.Dispose();
        return default;
    }

    protected ValueTask HandAsync(ConnectMessage message) => onMessage(message);

    protected void Say(string what) => onState(what);
}
