using Eit.Connection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Rpc;

/// <summary>Adds calls to a connection.</summary>
public static class EitConnectionExtensions
{
    /// <summary>Adds calls to a connection, once, before it starts and before its <c>OnMessage</c> is set.</summary>
    /// <param name="connection">The connection; its owner disposes of it.</param>
    /// <param name="options">How; copied. Null for the defaults.</param>
    /// <param name="loggerFactory">Where it logs; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names each.</exception>
    /// <exception cref="InvalidOperationException">The connection has calls already.</exception>
    public static RpcConnection UseRpc(this EitConnection connection, RpcOptions? options = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        RpcOptions checkedOptions = (options ?? new RpcOptions()).Checked(nameof(options));
        return new RpcConnection(connection, checkedOptions, (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<RpcConnection>());
    }
}
