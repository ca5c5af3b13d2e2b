namespace Eit.Cli.Serve.Exec;

/// <summary>What a command can want done.</summary>
internal enum ExecActionKind
{
    /// <summary>A message to one connection.</summary>
    Send,

    /// <summary>A message to many.</summary>
    Broadcast,

    /// <summary>The end of a connection.</summary>
    Close,
}
