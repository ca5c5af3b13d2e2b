using Eit.Protocol.Session;

namespace Eit.Server;

/// <summary>What an endpoint does about slow consumers; metadata of the endpoint.</summary>
/// <param name="SlowConsumers">What.</param>
/// <param name="After">How long a message may wait to leave; null for <see cref="SessionSettings.SlowConsumerAfter"/>.</param>
internal sealed record SlowConsumerPolicy(SlowConsumers SlowConsumers, TimeSpan? After);
