namespace Eit.EndToEnd.Tests;

/// <summary>The signals that tests send, with Linux's numbers.</summary>
internal enum ProcessSignal
{
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
