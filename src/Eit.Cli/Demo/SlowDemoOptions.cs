namespace Eit.Cli.Demo;

/// <summary>What the demo of a slow receiver does.</summary>
/// <param name="HandlerTime">How long the receiver's handler takes for each message.</param>
/// <param name="Messages">How many messages are offered, as fast as they are accepted.</param>
/// <param name="SizeBytes">The length of a message.</param>
internal sealed record SlowDemoOptions(TimeSpan HandlerTime, int Messages, int SizeBytes)
{
    /// <summary>How many messages the receiver lets come before it has handled them.</summary>
    internal const int Window = 64;

    /// <summary>How many messages may wait at the sender.</summary>
    internal const int Outbox = 64;

    /// <summary>How many messages keep the receiver busy for some ten seconds.</summary>
    internal static int MessagesFor(TimeSpan handlerTime) => Math.Clamp((int)(TimeSpan.FromSeconds(10) / handlerTime), 50, 5_000);
}
