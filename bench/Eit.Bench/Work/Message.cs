using System.Buffers.Binary;
using System.Text;

namespace Eit.Bench;

/// <summary>A message of the benchmark in the forms in which the stacks take it, made once. Its first character says what is to be done with it.</summary>
internal sealed class Message
{
    internal const char Counted = 'x';
    internal const char Echoed = 'e';
    internal const char Answer = '=';
    private const int BatchBytes = 16 * 1024;

    private readonly Lazy<byte[]> _batch;

    internal Message(string text)
    {
        (Text, Bytes) = (text, Encoding.ASCII.GetBytes(text));
        BatchCount = text[0] == Counted ? Math.Max(1, BatchBytes / (text.Length + sizeof(int))) : 1;
        _batch = new Lazy<byte[]>(MakeBatch);
    }

    internal string Text { get; }

    internal byte[] Bytes { get; }

    /// <summary>Gets as many of it as fit into 16 KiB, each behind its length.</summary>
    internal byte[] Batch => _batch.Value;

    internal int BatchCount { get; }

    internal static Message OfSize(char what, int bytes) => new(new string(what, bytes));

    /// <summary>Makes a message with a number.</summary>
    internal static Message Numbered(long number, int bytes) => new($"{Counted}{number}".PadRight(bytes));

    private byte[] MakeBatch()
    {
        byte[] batch = new byte[BatchCount * (Bytes.Length + sizeof(int))];
        for (int at = 0; at < batch.Length; at += Bytes.Length + sizeof(int))
        {
            BinaryPrimitives.WriteInt32LittleEndian(batch.AsSpan(at), Bytes.Length);
            Bytes.CopyTo(batch.AsSpan(at + sizeof(int)));
        }
        return batch;
    }
}
