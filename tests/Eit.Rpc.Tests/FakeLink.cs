using System.Collections.Concurrent;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Rpc.Tests;

/// <summary>A session that takes as many messages as a test lets it take.</summary>
internal sealed class FakeLink : IRpcLink
{
    private const int BeginChars = 1_000;
    private readonly SemaphoreSlim _room = new(0);

    /// <summary>Gets how the messages begin that the session was asked to take, in order.</summary>
    internal Happenings<string> Offered { get; } = new();

    /// <summary>Gets how the messages begin that the session has taken.</summary>
    internal ConcurrentQueue<string> Taken { get; } = new();

    internal Happenings<CloseCode> Aborts { get; } = new();

    public bool IsInsideHandler => false;

    public HoldAccount Account { get; } = new();

    internal void Take(int messages) => _room.Release(messages);

    public async ValueTask<SendOutcome> SendAsync(string text, SendOptions options, CancellationToken cancellationToken)
    {
        string begin = text.Length <= BeginChars ? text : text[..BeginChars];   // All of it would be gigabytes.
        Offered.Add(begin);
        try { await _room.WaitAsync(cancellationToken); }
        catch (OperationCanceledException) { return SendOutcome.NotSent; }
        Taken.Enqueue(begin);
        return SendOutcome.Accepted;
    }

    public void Abort(CloseCode code, string reason) => Aborts.Add(code);
}
