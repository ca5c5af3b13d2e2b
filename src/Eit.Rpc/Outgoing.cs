using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Rpc;

/// <summary>A message on its way out.</summary>
internal sealed class Outgoing(in RpcText text)
{
    private static readonly object s_over = new();
    private object? _over;                                         // null, the source of who waits, or s_over.

    internal string Text { get; } = text.Text;

    /// <summary>Its size, in bytes of JSON.</summary>
    internal int Bytes { get; } = text.Bytes;

    /// <summary>What it is charged with while it waits.</summary>
    internal long Held => (2L * Text.Length) + HoldSizes.Entry;

    /// <summary>Whether it is an event or an action, which are counted apart.</summary>
    internal bool IsEvent { get; init; }

    /// <summary>How long it is worth handing over; null for as long as the session lives.</summary>
    internal TimeSpan? Life { get; init; }

    /// <summary>Who may take it back; null for nobody.</summary>
    internal Withdrawal? Withdrawal { get; init; }

    /// <summary>Hears that it is the next to go, before the peer can have it. Null for nobody.</summary>
    internal Action? Leaving { get; init; }

    /// <summary>Hears that the session has not taken it: true, because it is larger than the peer takes. Null for nobody.</summary>
    internal Action<bool>? NotTaken { get; init; }

    internal SendOptions Fit(SendOptions options) => Withdrawal is null ? options : options with { Receipt = Withdrawal.Receipt, ExpiresAfter = Life };

    /// <summary>Waits until the session has taken it, or never will.</summary>
    internal Task WhenOver()
    {
        if (Volatile.Read(ref _over) == s_over) { return Task.CompletedTask; }
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref _over, source, null) switch
        {
            null => source.Task,
            TaskCompletionSource before => before.Task,
            _ => Task.CompletedTask,
        };
    }

    internal void End()
    {
        if (Interlocked.Exchange(ref _over, s_over) is TaskCompletionSource waiting) { waiting.SetResult(); }
    }
}
