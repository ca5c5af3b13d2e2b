using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Connection;

/// <summary>What a dial has led to: a welcome on an open line, or a failure.</summary>
internal sealed record DialResult(TransportLine? Line, Welcome? Welcome, TimeSpan RoundTrip, DialFailure? Failure)
{
    internal static DialResult Failed(DialFailure failure) => new(Line: null, Welcome: null, TimeSpan.Zero, failure);
}
