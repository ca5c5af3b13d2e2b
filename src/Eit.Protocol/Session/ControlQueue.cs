using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>The frames that go before all others on a transport, in order. It has a bound, whatever a peer asks for and however little it reads (L1.2).</summary>
/// <remarks>
/// Only answers to pings wait in numbers. Of every other type one frame waits: a later one takes its place, and says what counts. So what waits is at most
/// <see cref="WireBounds.ControlFramesMax"/> pongs and one frame of each other type, and no text of a peer is in any of them.
/// Lives in a field that is not read-only, as <see cref="RingBuffer{T}"/> does.
/// </remarks>
internal struct ControlQueue
{
    private RingBuffer<Frame> _frames;
    private int _pongs;

    internal readonly int Count => _frames.Count;

    /// <summary>Gets what the first frame is; null if there is none.</summary>
    internal readonly FrameType? First => _frames.Count > 0 ? _frames[0].Type : null;

    /// <summary>Adds a frame, or puts it in the place of the one of its type that waits.</summary>
    /// <returns>False if the peer asks, and does not read the answers: nothing was added.</returns>
    internal bool TryAdd(in Frame frame)
    {
        if (frame.Type == FrameType.Pong)
        {
            if (_pongs >= WireBounds.ControlFramesMax) { return false; }
            _pongs++;
            _frames.Add(in frame);
            return true;
        }
        for (int i = 0; i < _frames.Count; i++)
        {
            ref Frame waiting = ref _frames[i];
            if (waiting.Type != frame.Type) { continue; }
            waiting = frame.Body is Terms later ? frame with { Body = later.After((Terms)waiting.Body!) } : frame;
            return true;
        }
        _frames.Add(in frame);
        return true;
    }

    internal bool TryTake(out Frame frame)
    {
        bool isTaken = _frames.TryTake(out frame);
        if (isTaken && frame.Type == FrameType.Pong) { _pongs--; }
        return isTaken;
    }

    internal void Trim() => _frames.Trim();

    internal void AppendTo(StateDigest digest)
    {
        for (int i = 0; i < _frames.Count; i++)
        {
            ref Frame control = ref _frames[i];
            digest.Add((int)control.Type, control.Number);
            digest.Add(control.Body?.ToString());                  // Bodies are records: their text is their content.
        }
    }
}
