namespace Eit.Cli.Serve;

/// <summary>Who may connect to an endpoint.</summary>
internal enum ServeMode
{
    /// <summary>Clients that speak Eit.</summary>
    Eit,

    /// <summary>WebSocket clients that do not.</summary>
    Plain,

    /// <summary>Both.</summary>
    Both,
}
