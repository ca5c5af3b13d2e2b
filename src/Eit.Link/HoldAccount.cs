using Eit.Protocol.Session;

namespace Eit.Link;

/// <summary>
/// What one end holds for a peer, in bytes: what its sessions hold, and what layers above them do. Where it belongs to a budget (N6), it tells that in steps.
/// </summary>
/// <remarks>Safe from any thread; takes no lock but at a step.</remarks>
public sealed class HoldAccount
{
    private volatile IHoldPot? _pot;
    private long _charged;
    private long _sessions;
    private long _shared;
    private long _told;

    /// <summary>Gets the bytes that are held: payload, and <see cref="HoldSizes.Entry"/> for each entry.</summary>
    public long Held => Volatile.Read(ref _sessions) + Volatile.Read(ref _charged);

    /// <summary>Gets the bytes of payloads that many sessions share and this one is not through with; not in <see cref="Held"/>.</summary>
    public long Shared => Volatile.Read(ref _shared);

    /// <summary>Gets whether more than half of the budget, in all or of the owner, is used: nothing should grow. False without a budget.</summary>
    public bool IsTight => _pot is { IsTight: true };

    /// <summary>Gets whether there is a budget.</summary>
    internal bool HasPot => _pot is not null;

    /// <summary>Charges what a layer above the session holds for the peer from now on.</summary>
    /// <param name="bytes">The payload (of a string: two for each character) and <see cref="HoldSizes.Entry"/> for each entry.</param>
    public void Charge(long bytes)
    {
        Interlocked.Add(ref _charged, bytes);
        LookIfDue();
    }

    /// <summary>Releases what was charged. Every charge is released at last, whatever becomes of the session.</summary>
    /// <param name="bytes">The same number.</param>
    public void Release(long bytes)
    {
        Interlocked.Add(ref _charged, -bytes);
        LookIfDue();
    }

    /// <summary>Puts the account into a budget, once.</summary>
    /// <param name="pot">The budget's place for it.</param>
    public void Join(IHoldPot pot)
    {
        _pot = pot;
        LookIfDue();
    }

    /// <summary>Tells a budget, under its lock, what counts from now on.</summary>
    /// <returns>What is held, a little more, and what is shared.</returns>
    public (long Held, long Shared) Tell()
    {
        while (true)
        {
            (long held, long shared) = (HoldSteps.Told(Held), Shared);
            Interlocked.Exchange(ref _told, held + shared);
            if (Held <= held) { return (held, shared); }           // Who has charged meanwhile may have looked at what was told before.
        }
    }

    /// <summary>Gets whether the budget has to hear that the sessions hold so much.</summary>
    internal bool IsDue(long bytes) => bytes > Volatile.Read(ref _told) && HasPot;

    /// <summary>Notes what the sessions hold; under their gate.</summary>
    /// <param name="bytes">What they hold themselves.</param>
    /// <param name="shared">What they share with others.</param>
    /// <param name="isQuiet">Whether nothing goes on: then the budget hears also of a small step down.</param>
    internal void Hold(long bytes, long shared, bool isQuiet)
    {
        Volatile.Write(ref _sessions, bytes);
        Volatile.Write(ref _shared, shared);
        (long held, long told) = (Held, Volatile.Read(ref _told));
        bool isFarBelow = (HoldSteps.Told(held) + shared) * 2 <= told || (held + shared == 0 && told != 0);
        if (isQuiet && isFarBelow) { Look(); }
        else { LookIfDue(); }
    }

    /// <summary>Nothing is held any more, and nothing will be.</summary>
    internal void Leave() => _pot?.Leave();

    private void LookIfDue()
    {
        if (HoldSteps.IsDue(Held + Shared, Volatile.Read(ref _told))) { Look(); }
    }

    private void Look() => _pot?.Look(this);
}
