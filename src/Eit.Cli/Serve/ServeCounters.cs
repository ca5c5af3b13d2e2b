namespace Eit.Cli.Serve;

/// <summary>What the server has counted since its start.</summary>
internal sealed class ServeCounters
{
    private long _messagesReceived;
    private long _execStarts;

    internal long MessagesReceived => Interlocked.Read(ref _messagesReceived);

    internal long ExecStarts => Interlocked.Read(ref _execStarts);

    /// <summary>A handler has been given a message.</summary>
    internal void MessageReceived() => Interlocked.Increment(ref _messagesReceived);

    /// <summary>The command of an endpoint was started.</summary>
    internal void ExecStarted() => Interlocked.Increment(ref _execStarts);
}
