using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Eit.Link;

/// <summary>The messages of a conversation for who would rather read them than be called: the other side of a handler that waits until its message is read.</summary>
/// <remarks>One message lies here; those behind it wait in the session, whose credit bounds them. Any number of readers; each message is read once.</remarks>
public sealed class IncomingMessages : ChannelReader<EitMessage>
{
    private static readonly Task<bool> s_unread = Task.FromResult(false);

    private readonly Channel<EitMessage> _next = Channel.CreateBounded<EitMessage>(1);
    private readonly Lock _gate = new();
    private TaskCompletionSource<bool>? _read;
    private bool _isOver;

    /// <inheritdoc/>
    public override Task Completion => _next.Reader.Completion;

    /// <inheritdoc/>
    public override bool CanCount => true;

    /// <inheritdoc/>
    public override int Count => _next.Reader.Count;

    /// <inheritdoc/>
    public override bool TryRead([MaybeNullWhen(false)] out EitMessage item)
    {
        TaskCompletionSource<bool>? read;
        lock (_gate)
        {
            if (!_next.Reader.TryRead(out item)) { return false; }
            (read, _read) = (_read, null);
        }
        read?.SetResult(true);
        return true;
    }

    /// <inheritdoc/>
    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => _next.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Hands the next message over, a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True when it is read; false when the conversation ends before.</returns>
    public Task<bool> HandAsync(string text) => HandAsync(new EitMessage(text, default));

    /// <summary>Hands the next message over, of bytes.</summary>
    /// <param name="bytes">The bytes; copied, since who reads them may keep them.</param>
    /// <returns>True when it is read; false when the conversation ends before.</returns>
    public Task<bool> HandAsync(ReadOnlyMemory<byte> bytes) => HandAsync(new EitMessage(Text: null, bytes.ToArray()));

    /// <summary>The conversation is over: the reader ends behind the message that is not read yet. Idempotent.</summary>
    public void End()
    {
        TaskCompletionSource<bool>? read;
        lock (_gate)
        {
            _isOver = true;
            _next.Writer.TryComplete();
            (read, _read) = (_read, null);
        }
        read?.SetResult(false);
    }

    private Task<bool> HandAsync(EitMessage message)
    {
        lock (_gate)
        {
            if (_isOver || !_next.Writer.TryWrite(message)) { return s_unread; }
            _read = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _read.Task;
        }
    }
}
