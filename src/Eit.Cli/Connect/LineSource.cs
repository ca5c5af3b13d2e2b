namespace Eit.Cli.Connect;

/// <summary>Reads lines of bytes: what ends with a line feed, and what is left at the end.</summary>
internal sealed class LineSource(Stream input, int lineBytesMax)
{
    private const int ReadBytes = 64 * 1024;

    private byte[] _buffer = new byte[ReadBytes];
    private int _start;
    private int _end;
    private int _looked;                                           // up to where there is no line feed
    private bool _isOver;

    /// <summary>Gets the number of the last line, counted from 1.</summary>
    internal long Number { get; private set; }

    /// <summary>Reads a line.</summary>
    /// <returns>The line, which is there until the next call; null at the end.</returns>
    /// <exception cref="FormatException">The line is too long.</exception>
    /// <remarks>A cancelled read leaves the source unfit for another.</remarks>
    internal async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int at = _buffer.AsSpan(_looked, _end - _looked).IndexOf((byte)'\n');
            bool isRest = at < 0 && _isOver;
            if (isRest && _start == _end) { return null; }
            if (at >= 0 || isRest)
            {
                int lineEnd = isRest ? _end : _looked + at;
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, lineEnd - _start);
                _start = _looked = isRest ? _end : lineEnd + 1;
                Number++;
                return line.Length <= lineBytesMax ? line : throw TooLong();
            }
            if (_end - _start > lineBytesMax)
            {
                Number++;
                throw TooLong();
            }
            MakeRoom();
            int count = await input.ReadAsync(_buffer.AsMemory(_end), CancellationToken.None).AsTask().WaitAsync(cancellationToken);   // A terminal's read can't be cancelled.
            _isOver = count == 0;
            _end += count;
        }
    }

    private void MakeRoom()
    {
        int length = _end - _start;
        byte[] to = length > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(_start, length).CopyTo(to);
        (_buffer, _start, _end, _looked) = (to, 0, length, length);
    }

    private FormatException TooLong() => new($"has more than {lineBytesMax} bytes");
}
