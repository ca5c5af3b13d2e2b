using System.Globalization;

namespace Eit.Cli.Serve;

/// <summary>How many connections there is room for: a bound of the process's descriptors is shared out, so that it is never reached and who has no session yet can't take it all.</summary>
/// <param name="Descriptors">How many files and sockets the process may have open; null if nobody says.</param>
/// <param name="BeforeSession">How many connections may be open that carry no session: in their TLS handshake, or before their upgrade.</param>
/// <param name="BeforeSessionOfAddress">How many of these one address may have.</param>
/// <param name="Upgraded">How many connections may carry a session, or one that hands over.</param>
/// <param name="Fault">What does not fit; null if all does.</param>
internal sealed record ServeRoom(long? Descriptors, int BeforeSession, int BeforeSessionOfAddress, int Upgraded, string? Fault)
{
    /// <summary>The fewest descriptors with which it makes sense to serve.</summary>
    internal const int DescriptorsMin = 512;

    private const int BeforeSessionMax = 4_096;
    private const int OwnMin = 300;                                // The program itself has about 200 open on Linux; commands and the control socket come to that.
    private const int OwnPart = 16;
    private const int BeforePart = 4;

    /// <summary>Shares out.</summary>
    internal static ServeRoom Of(long? descriptors, int sessionsMax)
    {
        long wanted = 2L * sessionsMax;                            // While a session is handed over it has two.
        if (descriptors is not { } all) { return Make(descriptors, BeforeSessionMax, wanted, fault: null); }
        if (all < DescriptorsMin) { return Make(descriptors, 1, 1, Text($"the process may open {all} files and sockets, and needs at least {DescriptorsMin}: raise the limit (ulimit -n, LimitNOFILE)")); }
        long free = all - Math.Max(OwnMin, all / OwnPart);
        long before = Math.Min(free / BeforePart, BeforeSessionMax);
        long upgraded = free - before;
        string? fault = sessionsMax <= upgraded ? null
            : Text($"{sessionsMax} sessions do not fit into {all} files and sockets, which the process may open: there is room for {upgraded} connections; raise the limit (ulimit -n, LimitNOFILE) or lower sessionsMax");
        return Make(descriptors, before, Math.Min(upgraded, wanted), fault);
    }

    /// <summary>Reads how many files and sockets this process may have open; null where the system does not tell, or has no bound.</summary>
    internal static long? ReadDescriptors()
    {
        try
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
            string? soft = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var word, ..] ? word : null;
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { return null; }
    }

    private static ServeRoom Make(long? descriptors, long before, long upgraded, string? fault) =>
        new(descriptors, (int)before, (int)Math.Max(1, before / 2), (int)Math.Min(upgraded, int.MaxValue), fault);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
