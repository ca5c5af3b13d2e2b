using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Bench;

/// <summary>The client's end of an Eit session.</summary>
internal sealed class EitClientLine(EitConnection connection, bool isText) : ILine
{
    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    internal EitConnection Connection => connection;

    public int PerSend(Message message) => 1;

    public async ValueTask SendAsync(Message message)
    {
        SendOutcome outcome = await (isText ? connection.SendAsync(message.Text, s_accepted) : connection.SendAsync(message.Bytes, s_accepted));
        if (outcome != SendOutcome.Accepted) { throw new InvalidOperationException($"The message was {outcome}."); }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
