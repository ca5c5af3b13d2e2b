using Eit.Server;
using Microsoft.AspNetCore.Builder;

namespace Eit.Testing;

/// <summary>What an <see cref="EitTestWorld"/> is made of.</summary>
public sealed record EitTestWorldOptions
{
    /// <summary>Gets or sets what the jitter of clients, server and networks is drawn from.</summary>
    /// <value>Default 1.</value>
    public ulong Seed { get; set; } = 1;

    /// <summary>Gets or sets what is done to the builder of the server's application: its services, its authentication, its logging. Called for each start of the server.</summary>
    /// <value>Default null. Routing, authorization, Eit and the world's clock are there already, and an authentication scheme that believes what the world says of its clients.</value>
    public Action<WebApplicationBuilder>? Build { get; set; }

    /// <summary>Gets or sets the options of the server.</summary>
    /// <value>Default null: the defaults.</value>
    public Action<EitServerOptions>? Server { get; set; }

    /// <summary>Gets or sets how long the world waits, in real time, for what happens at one moment of its own time to come to rest.</summary>
    /// <value>Default 10 s; 100 ms to 10 min. Of each time for which nothing of the process comes on, as on a machine that is too busy for it, no more than 50 ms count.</value>
    public TimeSpan BusyLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Names every value that is out of range; empty when all is well.</summary>
    /// <param name="path">What the messages call these options.</param>
    public IEnumerable<string> Faults(string path = "EitTestWorld")
    {
        if (BusyLimit < TimeSpan.FromMilliseconds(100) || BusyLimit > TimeSpan.FromMinutes(10)) { yield return $"{path}:BusyLimit ({BusyLimit}) must be 100 ms to 10 min."; }
    }
}
