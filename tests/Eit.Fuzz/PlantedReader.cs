using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>A reader with a bug, which few messages meet.</summary>
/// <param name="inner">The reader that it is made of.</param>
/// <param name="canary">The bug.</param>
/// <param name="over">When even one that hangs comes back.</param>
internal sealed class PlantedReader(FrameReader inner, Canary canary, CancellationToken over) : FrameReader
{
    private byte[] _hoard = [];

    /// <summary>Makes a reader, with a bug if one is planted in readers.</summary>
    internal static FrameReader Make(WireEncoding encoding, FuzzSettings settings)
    {
        FrameReader reader = WireEncodings.NewReader(encoding);
        return settings.Canary is Canary.ReaderThrows or Canary.ReaderHoards or Canary.ReaderHangs or Canary.ReaderMisreads ? new PlantedReader(reader, settings.Canary, settings.Over) : reader;
    }

    public override Violation? Read(ReadOnlyMemory<byte> message, bool isText, FrameBatch frames)
    {
        if (message.Length % 50 != 23) { return inner.Read(message, isText, frames); }
        switch (canary)
        {
            case Canary.ReaderThrows: throw new IndexOutOfRangeException("planted");
            case Canary.ReaderHoards: _hoard = new byte[_hoard.Length + (message.Length * 100_000)]; break;
            case Canary.ReaderHangs: over.WaitHandle.WaitOne(); break;
            default: message = message[..^1]; break;
        }
        return inner.Read(message, isText, frames);
    }
}
