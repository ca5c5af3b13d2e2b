using Eit.Protocol.Wire;

namespace Eit.Link;

/// <summary>The sends of one end that wait to be taken over: lane by lane in the order of their calls, so that none overtakes another when there is room again.</summary>
public sealed class WaitingSends
{
    private readonly Task?[] _last = new Task?[LaneMarks.LaneCount];

    /// <summary>Tells whether a send waits, so that a later one has to wait behind it.</summary>
    /// <param name="lane">The lane.</param>
    public bool IsAnyIn(Lane lane) => Volatile.Read(ref _last[(int)lane]) is not null;

    /// <summary>Goes to the end of the line.</summary>
    /// <returns>What ends when it is this send's turn; null if it is already.</returns>
    internal Task? Join(Lane lane, TaskCompletionSource turn)
    {
        lock (_last)
        {
            Task? before = _last[(int)lane];
            _last[(int)lane] = turn.Task;
            return before;
        }
    }

    /// <summary>Leaves the line; who gives up before its turn keeps its place for those behind it.</summary>
    internal void Leave(Lane lane, TaskCompletionSource turn, Task? before)
    {
        if (before is { IsCompleted: false })
        {
            _ = before.ContinueWith(_ => Leave(lane, turn, before: null), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return;
        }
        lock (_last)
        {
            if (_last[(int)lane] == turn.Task) { _last[(int)lane] = null; }
        }
        turn.SetResult();
    }
}
