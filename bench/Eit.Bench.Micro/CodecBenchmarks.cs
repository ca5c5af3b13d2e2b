using System.Text;
using BenchmarkDotNet.Attributes;
using Eit.Protocol.Wire;

namespace Eit.Bench.Micro;

/// <summary>Data frames of 100 B, as many to a WebSocket message as fit into 16 KiB in either encoding: of one frame, what writing and reading cost.</summary>
public class CodecBenchmarks
{
    private const int Frames = 95;
    private readonly byte[] _payload = Encoding.ASCII.GetBytes(new string('x', 100));
    private readonly FrameBatch _frames = new();
    private Frame[] _pieces = [];
    private FrameWriter _writer = null!;
    private FrameReader _reader = null!;
    private ReadOnlyMemory<byte> _message;

    /// <summary>Gets or sets the encoding.</summary>
    [ParamsAllValues]
    public WireEncoding Encoded { get; set; }

    /// <summary>Gets or sets whether the payloads are texts.</summary>
    [Params(true, false)]
    public bool IsText { get; set; }

    /// <summary>Makes the frames and a message to read.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _pieces = [.. Enumerable.Range(0, Frames).Select(i => new Frame { Type = FrameType.Data, Number = 1_234_567 + i, Lane = Lane.Normal, IsText = IsText })];
        (_writer, _reader) = (WireEncodings.NewWriter(Encoded), WireEncodings.NewReader(Encoded));
        _message = Write().ToArray();
    }

    /// <summary>Writes the frames.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public ReadOnlyMemory<byte> Write()
    {
        _writer.Begin();
        for (int i = 0; i < _pieces.Length; i++) { _writer.WriteData(in _pieces[i], _payload); }
        return _writer.End();
    }

    /// <summary>Reads them.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public int Read() => _reader.Read(_message, _writer.IsText, _frames) is { } violation ? throw new InvalidOperationException(violation.Reason) : _frames.Count;
}
