namespace Eit.Rpc;

/// <summary>Who makes calls: a client's connection, a server's session. Safe from any thread.</summary>
public interface IRpcCaller
{
    /// <summary>Gets the JSON of arguments and results.</summary>
    RpcJson Json { get; }

    /// <summary>Calls a method of the other end and waits for its result.</summary>
    /// <typeparam name="T">The result.</typeparam>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the call: the method's token is cancelled too. What it answers is dropped.</param>
    /// <exception cref="RpcException">The call failed; <see cref="RpcException.Error"/> says why.</exception>
    /// <exception cref="RpcCallLostException">The session is lost, or the time is over.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<T> CallAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken);

    /// <summary>Calls a method of the other end and waits until it has finished.</summary>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="CallAsync{T}"/>.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="RpcCallLostException">The session is lost, or the time is over.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task CallAsync(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken);

    /// <summary>Calls a method of the other end that gives a stream. The call is made when the stream is read; leaving it early cancels the call.</summary>
    /// <typeparam name="T">The items.</typeparam>
    /// <param name="name">The method.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="CallAsync{T}"/>.</param>
    IAsyncEnumerable<T> StreamAsync<T>(string name, RpcArguments arguments, RpcCallOptions? options, CancellationToken cancellationToken);
}
