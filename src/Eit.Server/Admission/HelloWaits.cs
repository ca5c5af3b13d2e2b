using System.Runtime.InteropServices;

namespace Eit.Server;

/// <summary>Counts the transports that have not said hello yet, in all and for each principal and client address: they are no sessions, so that no other bound covers them (A1.8).</summary>
/// <remarks>Safe from any thread.</remarks>
internal sealed class HelloWaits(EitServerOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byPrincipal = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>Gets how many there are.</summary>
    internal int Count
    {
        get
        {
            lock (_gate) { return _all; }
        }
    }

    /// <summary>Counts one more, until <see cref="Leave"/>.</summary>
    /// <param name="principal">The key of the principal; null if it has none.</param>
    /// <param name="address">The client's address.</param>
    /// <returns>Null, or the bound that is reached, for the log; then nothing is counted.</returns>
    internal string? TryEnter(string? principal, string address)
    {
        lock (_gate)
        {
            if (_all >= options.TransportsWithoutHelloMax) { return $"{_all} transports have not said hello, as many as EitServerOptions.TransportsWithoutHelloMax allows."; }
            if (_byAddress.GetValueOrDefault(address) >= options.TransportsWithoutHelloPerAddressMax)
            {
                return $"{_byAddress[address]} transports of {address} have not said hello, as many as EitServerOptions.TransportsWithoutHelloPerAddressMax allows; behind a proxy, EitServerOptions.TrustedProxies tells its clients apart.";
            }
            if (principal is not null && _byPrincipal.GetValueOrDefault(principal) >= options.TransportsWithoutHelloPerPrincipalMax)
            {
                return $"{_byPrincipal[principal]} transports of {principal} have not said hello, as many as EitServerOptions.TransportsWithoutHelloPerPrincipalMax allows.";
            }
            _all++;
            CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, address, out _)++;
            if (principal is not null) { CollectionsMarshal.GetValueRefOrAddDefault(_byPrincipal, principal, out _)++; }
            return null;
        }
    }

    /// <summary>Counts one less: it has said hello, or is gone.</summary>
    internal void Leave(string? principal, string address)
    {
        lock (_gate)
        {
            _all--;
            Decrease(_byAddress, address);
            if (principal is not null) { Decrease(_byPrincipal, principal); }
        }
    }

    private static void Decrease(Dictionary<string, int> counts, string key)
    {
        if (--CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _) <= 0) { counts.Remove(key); }
    }
}
