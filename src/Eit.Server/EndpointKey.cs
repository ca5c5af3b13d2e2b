namespace Eit.Server;

/// <summary>Marks an endpoint as one of Eit, and tells those of an application apart: each has one of its own, which is equal to itself only.</summary>
internal sealed class EndpointKey;
