using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>How this end closes the session.</summary>
/// <param name="Notice">What it says.</param>
/// <param name="IsFirst">Whether this end began; else it answers.</param>
/// <param name="TakesInbound">Whether what the peer still sends is handed to the application.</param>
/// <param name="GiveUpAt">When the close is given up.</param>
internal sealed record ClosePlan(CloseNotice Notice, bool IsFirst, bool TakesInbound, Instant GiveUpAt);
