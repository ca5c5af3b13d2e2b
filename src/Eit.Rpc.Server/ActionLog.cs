namespace Eit.Rpc;

/// <summary>The last actions of a group, by their serial numbers. Its holder guards it.</summary>
/// <param name="group">The group.</param>
/// <param name="id">What tells this log from the one that the group had before.</param>
/// <param name="actionsMax">How many actions are kept.</param>
/// <param name="bytesMax">How many bytes of them are kept.</param>
internal sealed class ActionLog(string group, string id, int actionsMax, long bytesMax)
{
    private readonly Queue<(SharedText Text, int Bytes)> _actions = new();
    private long _bytes;

    /// <summary>Gets the position of the last action.</summary>
    internal RpcPosition Position { get; private set; } = new(group, id, Serial: 0);

    internal RpcPosition Next => Position with { Serial = Position.Serial + 1 };

    /// <summary>Adds the action of <see cref="Next"/>, and forgets the oldest where there is no room.</summary>
    internal void Add(SharedText text, int bytes)
    {
        Position = Next;
        _actions.Enqueue((text, bytes));
        _bytes += bytes;
        while (_actions.Count > actionsMax || _bytes > bytesMax) { _bytes -= _actions.Dequeue().Bytes; }
    }

    /// <summary>Lists the actions after a position.</summary>
    /// <returns>Null if the log does not know them all: the position is of another log, or too old.</returns>
    internal SharedText[]? After(RpcPosition? position)
    {
        if (position is null || position.Group != Position.Group || position.Log != Position.Log) { return null; }
        long missed = Position.Serial - position.Serial;
        return missed < 0 || missed > _actions.Count ? null : [.. _actions.Skip(_actions.Count - (int)missed).Select(static action => action.Text)];
    }
}
