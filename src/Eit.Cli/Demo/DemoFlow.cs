using System.Net.Sockets;

namespace Eit.Cli.Demo;

/// <summary>One connection through the relay: two sockets and what goes between them.</summary>
internal sealed class DemoFlow(Socket client, Socket server)
{
    private const int BufferBytes = 16 * 1024;

    private DemoCut? _cut;
    private volatile bool _isDark;
    private volatile bool _isOver;

    /// <summary>Gets whether it swallows all that comes.</summary>
    internal bool IsDark => _isDark;

    /// <summary>Swallows from now on all that comes, and keeps both sockets open, as a network path does that has gone away.</summary>
    internal void Blacken() => _isDark = true;

    /// <summary>Resets the connection in the middle of the next bytes.</summary>
    /// <returns>False if there is another such order.</returns>
    internal bool Order(DemoCut cut)
    {
        if (Interlocked.CompareExchange(ref _cut, cut, comparand: null) is not null) { return false; }
        if (_isOver) { GiveUpCut(); }                              // It ended meanwhile, and nobody looks at the order any more.
        return true;
    }

    /// <summary>Relays until both directions have ended.</summary>
    internal async Task RunAsync()
    {
        await Task.WhenAll(CopyAsync(client, server, isUpward: true), CopyAsync(server, client, isUpward: false));
        Reset();
        _isOver = true;
        GiveUpCut();
    }

    /// <summary>Resets both sockets at once.</summary>
    internal void Reset()
    {
        ResetOne(client);
        ResetOne(server);
    }

    /// <summary>Closes a socket so that its peer sees a reset and not an end.</summary>
    internal static void ResetOne(Socket socket)
    {
        try { socket.LingerState = new LingerOption(enable: true, seconds: 0); }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
        socket.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to, bool isUpward)
    {
        byte[] buffer = new byte[BufferBytes];
        try
        {
            while (true)
            {
                int count = await from.ReceiveAsync(buffer);
                if (_isDark && count > 0) { continue; }
                if (_isDark) { return; }
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }
                DemoCut? cut = TakeCut(isUpward, count);
                await SendAsync(to, buffer.AsMemory(0, cut?.PassingOf(count) ?? count));
                if (cut is null) { continue; }
                Reset();
                cut.Complete(hasCut: true);
                return;
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // One side is gone, and so is the connection; but the ends of a dark path hear nothing of each other.
            if (!_isDark) { Reset(); }
        }
    }

    private DemoCut? TakeCut(bool isUpward, int count)
    {
        DemoCut? cut = Volatile.Read(ref _cut);
        bool isDue = cut is not null && cut.IsUpward == isUpward && count > 1;
        return isDue ? Interlocked.Exchange(ref _cut, value: null) : null;
    }

    private void GiveUpCut() => Interlocked.Exchange(ref _cut, value: null)?.Complete(hasCut: false);

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) { bytes = bytes[await to.SendAsync(bytes)..]; }
    }
}
