namespace Eit.Server;

/// <summary>Says of an endpoint that it is one of Eit's.</summary>
internal sealed class EitEndpointMark
{
    internal static EitEndpointMark Instance { get; } = new();
}
