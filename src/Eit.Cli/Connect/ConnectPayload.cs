namespace Eit.Cli.Connect;

/// <summary>What a line of the input is, and how bytes are written.</summary>
internal enum ConnectPayload
{
    /// <summary>A line is a text; bytes that come are written as base64.</summary>
    Text,

    /// <summary>A line is bytes as they are; bytes that come are written as they are.</summary>
    Binary,

    /// <summary>A line is bytes in base64; bytes that come are written as base64.</summary>
    Base64,
}
