using System.Text;
using BenchmarkDotNet.Attributes;
using Eit.Protocol.Wire;

namespace Eit.Bench.Micro;

/// <summary>Data frames of 100 B, as many to a WebSocket message as fit into 16 KiB in either encoding: of one frame, what writing and reading cost.</summary>
public class CodecBenchmarks
{
    private const int Frames = 95;
    private const int PayloadBytes = 100;
    private readonly FrameBatch _frames = new();
    private byte[] _payload = [];
    private Frame[] _pieces = [];
    private FrameWriter _writer = null!;
    private FrameReader _reader = null!;
    private ReadOnlyMemory<byte> _message;

    /// <summary>Gets or sets the encoding.</summary>
    [ParamsAllValues]
    public WireEncoding Encoded { get; set; }

    /// <summary>Gets or sets what the frames carry; JSON is text with characters that JSON escapes.</summary>
    [ParamsAllValues]
    public Carried Payload { get; set; }

    /// <summary>Makes the frames and a message to read.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        string text = Payload == Carried.Json ? """{"id":1,"a":"b","c":[1,2],"e":"f"},""" : "x";
        _payload = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, PayloadBytes))[..PayloadBytes]);
        _pieces = [.. Enumerable.Range(0, Frames).Select(i => new Frame { Type = FrameType.Data, Number = 1_234_567 + i, Lane = Lane.Normal, IsText = Payload != Carried.Bytes })];
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

    /// <summary>What the frames carry.</summary>
    public enum Carried
    {
        /// <summary>Bytes.</summary>
        Bytes,

        /// <summary>Text with nothing to escape.</summary>
        Text,

        /// <summary>Text that is JSON.</summary>
        Json,
    }
}
