using System.Text.Json;
using Eit.Protocol.Wire;

namespace Eit.Chaos.Frames;

/// <summary>One Eit frame of a WebSocket message, with the bytes that it has there. The one place that knows how a message is made up of frames.</summary>
internal readonly record struct EitFrame(FrameType Type, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Splits a message of <c>eit.v1.json</c> into its frames.</summary>
    /// <returns>False if it is anything else.</returns>
    internal static bool TrySplit(ReadOnlyMemory<byte> message, bool isText, out List<EitFrame> frames)
    {
        frames = [];
        var batch = new FrameBatch();
        var reader = new JsonFrameReader();
        if (reader.Read(message, isText, batch) is not null) { return false; }
        FrameType[] types = new FrameType[batch.Count];
        for (int i = 0; i < types.Length; i++) { types[i] = batch[i].Type; }
        if (message.Span[0] != (byte)'[')
        {
            frames.Add(new EitFrame(types[0], message));
            return true;
        }
        var json = new Utf8JsonReader(message.Span);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            int start = (int)json.TokenStartIndex;
            json.Skip();
            frames.Add(new EitFrame(types[frames.Count], message[start..(int)json.BytesConsumed]));
        }
        return true;
    }

    /// <summary>Puts frames together to a message.</summary>
    /// <param name="frames">At least one.</param>
    /// <param name="lastAt">Where the last one begins.</param>
    internal static byte[] Join(IReadOnlyList<EitFrame> frames, out int lastAt)
    {
        lastAt = 0;
        if (frames is [var one]) { return one.Bytes.ToArray(); }
        List<byte> message = [(byte)'['];
        foreach (EitFrame frame in frames)
        {
            if (message.Count > 1) { message.Add((byte)','); }
            lastAt = message.Count;
            message.AddRange(frame.Bytes.Span);
        }
        message.Add((byte)']');
        return [.. message];
    }
}
