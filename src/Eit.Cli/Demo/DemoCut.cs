namespace Eit.Cli.Demo;

/// <summary>An order to reset a connection in the middle of the next bytes that go one way.</summary>
/// <param name="IsUpward">Whether it waits for bytes to the server; else for bytes to the client.</param>
/// <param name="Part">Where it cuts them, from 0 to 1.</param>
internal sealed record DemoCut(bool IsUpward, double Part)
{
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets a task that ends with true when the connection has been reset, with false when it has ended before.</summary>
    internal Task<bool> Done => _done.Task;

    internal void Complete(bool hasCut) => _done.TrySetResult(hasCut);

    /// <summary>Says how many of some bytes go through: at least one, and not all.</summary>
    internal int PassingOf(int count) => 1 + (int)(Part * (count - 1));
}
