using Eit.Link;

namespace Eit.Rpc;

/// <summary>A message on its way out.</summary>
internal sealed class Outgoing(string text)
{
    internal string Text { get; } = text;

    /// <summary>How long it is worth handing over; null for as long as the session lives.</summary>
    internal TimeSpan? Life { get; init; }

    /// <summary>Who may take it back; null for nobody.</summary>
    internal Withdrawal? Withdrawal { get; init; }

    /// <summary>Hears that the session has not taken it: true, because it is larger than the peer takes. Null for nobody.</summary>
    internal Action<bool>? NotTaken { get; init; }

    internal SendOptions Fit(SendOptions options) => Withdrawal is null ? options : options with { Receipt = Withdrawal.Receipt, ExpiresAfter = Life };
}
