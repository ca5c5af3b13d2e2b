namespace Eit.Rpc;

/// <summary>How often calls may come: as a mean, and as many at once. Its holder guards it.</summary>
internal sealed class CallRate(int perSecond, TimeProvider time)
{
    private double _left = perSecond;
    private long _at = time.GetTimestamp();

    internal bool TryTake()
    {
        long now = time.GetTimestamp();
        _left = Math.Min(perSecond, _left + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
        _at = now;
        if (_left < 1) { return false; }
        _left--;
        return true;
    }
}
