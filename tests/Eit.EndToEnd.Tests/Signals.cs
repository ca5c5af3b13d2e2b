using System.Runtime.InteropServices;

namespace Eit.EndToEnd.Tests;

/// <summary>Sends signals to processes; Linux only.</summary>
internal static partial class Signals
{
    internal static void Send(int process, ProcessSignal signal) => Assert.Equal(0, Kill(process, (int)signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
