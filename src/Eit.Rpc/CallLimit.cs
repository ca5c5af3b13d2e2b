namespace Eit.Rpc;

/// <summary>What ends the wait for a call: its time, or its caller. Makes no more sources than it needs.</summary>
internal readonly struct CallLimit : IDisposable
{
    private readonly CancellationTokenSource? _time;
    private readonly CancellationTokenSource? _both;

    internal CallLimit(TimeSpan timeout, TimeProvider time, CancellationToken caller)
    {
        _time = timeout == Timeout.InfiniteTimeSpan ? null : new CancellationTokenSource(timeout, time);
        _both = _time is null || !caller.CanBeCanceled ? null : CancellationTokenSource.CreateLinkedTokenSource(_time.Token, caller);
        Token = _both?.Token ?? _time?.Token ?? caller;
    }

    internal CancellationToken Token { get; }

    public void Dispose()
    {
        _both?.Dispose();
        _time?.Dispose();
    }
}
