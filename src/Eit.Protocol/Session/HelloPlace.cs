namespace Eit.Protocol.Session;

/// <summary>Where the next hello goes, for a client that can set headers: into the header, or where something refuses such a head, into the first frame (S1.20).</summary>
internal sealed class HelloPlace
{
    /// <summary>Gets whether the next hello is a frame.</summary>
    internal bool IsFrame { get; private set; }

    /// <summary>Gets whether it has moved since the client was last connected.</summary>
    internal bool HasMoved { get; private set; }

    /// <summary>The place serves: it stays.</summary>
    internal void Welcomed() => HasMoved = false;

    /// <summary>After an answer that a head too large may have caused, the next dial tries the other place.</summary>
    /// <param name="failure">Why the dial failed.</param>
    /// <returns>Whether to dial at once: it is the first move since the client was connected.</returns>
    internal bool Failed(DialFailure failure)
    {
        if (failure.HttpStatus is not (400 or 431)) { return false; }
        (bool isFirst, HasMoved, IsFrame) = (!HasMoved, true, !IsFrame);
        return isFirst;
    }
}
