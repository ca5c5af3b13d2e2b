namespace Eit.Server;

/// <summary>Tells the endpoints of an application apart: each has one of its own, which is equal to itself only.</summary>
internal sealed class EndpointKey;
