namespace Eit.Testing.Transport;

/// <summary>One connection between a client and the server: what a socket would be.</summary>
internal sealed class MemoryConnection
{
    private readonly EitTestNetwork _network;
    private readonly Flow _up;
    private readonly Flow _down;
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reset = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal MemoryConnection(EitTestNetwork network, ClientEnd owner)
    {
        (_network, Owner) = (network, owner);
        (_up, _down) = (new Flow(network, EitTestDirection.Up), new Flow(network, EitTestDirection.Down));
        (_up.EndArrived, _down.EndArrived) = (() => EndArrived(_down), () => EndArrived(_up));
        _up.CutDue = _down.CutDue = () => CutUnderGate(EitTestCut.Close);
        (ClientStream, ServerStream) = (new FlowStream(network.Gate, _up, _down), new FlowStream(network.Gate, _down, _up));
        network.World.QuietWatch.Add(this);
    }

    internal ClientEnd Owner { get; }

    /// <summary>Ends when it is cut, or the server's process dies.</summary>
    internal Task Lost => _lost.Task;

    /// <summary>Ends when it is reset, of which both ends hear.</summary>
    internal Task WasReset => _reset.Task;

    internal FlowStream ClientStream { get; }

    internal FlowStream ServerStream { get; }

    /// <summary>Whether the server has made a WebSocket of it, and so reads.</summary>
    internal bool IsServerOpen { get; set; }

    /// <summary>Whether the client has made a WebSocket of it, and so reads.</summary>
    internal bool IsClientOpen { get; set; }

    /// <summary>Whether neither end reads any more.</summary>
    internal bool IsOver
    {
        get
        {
            lock (_network.Gate) { return _up.IsOver && _down.IsOver; }
        }
    }

    /// <summary>Says who has something to read and does not wait for it; null if nobody.</summary>
    internal string? WhoIsBusy()
    {
        lock (_network.Gate)
        {
            if (IsClientOpen && !_down.IsReaderWaiting) { return $"the client's end of a transport of {_network.Name} is not reading"; }
            return !IsServerOpen || _up.IsReaderWaiting ? null : $"the server's end of a transport of {_network.Name} is not reading";
        }
    }

    /// <summary>Lets nothing up for a while.</summary>
    internal void HoldBack(TimeSpan time)
    {
        lock (_network.Gate) { _up.HoldBack(time); }
    }

    /// <summary>Goes to the other end and tells when it is there.</summary>
    internal Task PassAsync(EitTestDirection direction)
    {
        lock (_network.Gate) { return (direction == EitTestDirection.Up ? _up : _down).MarkAsync(); }
    }

    internal void Cut(EitTestCut way)
    {
        lock (_network.Gate) { CutUnderGate(way); }
    }

    /// <summary>The server's process has died: what it reads and writes does not end, and it hears of nothing.</summary>
    internal void KillServer()
    {
        lock (_network.Gate)
        {
            _lost.TrySetResult();
            ServerStream.Die();
            _up.ReaderDied();
            _down.WriterDied();
        }
    }

    internal void CutAfter(EitTestDirection direction, long bytes)
    {
        lock (_network.Gate)
        {
            if (direction != EitTestDirection.Down) { _up.CutAfter(bytes); }
            if (direction != EitTestDirection.Up) { _down.CutAfter(bytes); }
        }
    }

    /// <summary>A black hole has gone. Called under the network's gate.</summary>
    internal void Release(EitTestDirection direction)
    {
        if (direction != EitTestDirection.Down) { _up.Release(); }
        if (direction != EitTestDirection.Up) { _down.Release(); }
    }

    private void CutUnderGate(EitTestCut way)
    {
        _network.World.QuietWatch.Beat();
        _lost.TrySetResult();
        if (way == EitTestCut.Reset)
        {
            _reset.TrySetResult();
            _up.Lose();
            _down.Lose();
            return;
        }
        _up.WriterGone();
        _down.WriterGone();
    }

    /// <summary>Who has gone reads nothing more: what is sent to it fails.</summary>
    private static void EndArrived(Flow back)
    {
        if (back.IsReaderGone) { back.Lose(); }
    }
}
