namespace Eit.Fuzz;

/// <summary>Some inputs for one target, all of which follow from a seed.</summary>
internal abstract class FuzzCase
{
    /// <summary>Gets how many inputs it has given so far.</summary>
    internal int Inputs { get; private protected set; }

    /// <summary>Gets what the inputs are for.</summary>
    internal abstract FuzzTarget Target { get; }

    /// <summary>Gets or sets who is told each input before it is given; null for nobody.</summary>
    internal Action<string>? Tell { get; set; }

    /// <summary>Gives all inputs.</summary>
    /// <exception cref="FuzzException">One has done what none may do. Any other exception is a finding, too.</exception>
    internal abstract void Run();

    /// <summary>Makes the case of a seed.</summary>
    internal static FuzzCase Of(ulong seed, FuzzSettings settings) => (seed % 8) switch
    {
        <= 1 => new ReaderCase(Eit.Protocol.Wire.WireEncoding.Json, seed, settings),
        <= 3 => new ReaderCase(Eit.Protocol.Wire.WireEncoding.Binary, seed, settings),
        4 => new HeaderCase(seed, settings),
        _ => new Conversation(seed, settings),
    };

    /// <summary>Runs a step and says when it took more memory than it may: it is what one message can cost.</summary>
    private protected static void Bounded(long bytesMax, Action step)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        step();
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        if (taken > bytesMax) { throw new FuzzException($"It took {taken:N0} bytes of memory; {bytesMax:N0} are allowed."); }
    }
}
