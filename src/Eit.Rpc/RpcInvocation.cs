using System.Text.Json;

namespace Eit.Rpc;

/// <summary>A call as the method that serves it sees it.</summary>
public sealed class RpcInvocation
{
    private readonly IncomingCall _call;
    private readonly JsonElement[] _arguments;

    internal RpcInvocation(IncomingCall call)
    {
        _call = call;
        _arguments = [.. call.Message.Value.EnumerateArray()];
    }

    /// <summary>Gets what is cancelled when the caller cancels the call, its time is over, or its session ends.</summary>
    public CancellationToken CancellationToken => _call.Token;

    /// <summary>Gets how many arguments there are.</summary>
    public int Count => _arguments.Length;

    internal RpcValue? Result { get; private set; }

    /// <summary>Reads an argument.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="index">0 for the first.</param>
    /// <exception cref="RpcException">It is missing, or is not of the type.</exception>
    public T Argument<T>(int index)
    {
        if (index >= _arguments.Length) { throw Bad($"Argument {index + 1} is missing."); }
        try
        {
            T? value = _call.Peer.Json.Read<T>(_arguments[index]);
            if (value is null && default(T) is not null) { throw Bad($"Argument {index + 1} must not be null."); }
            return value!;
        }
        catch (JsonException) { throw Bad($"Argument {index + 1} is not what the method takes."); }
    }

    /// <summary>Reads an argument that must not be null.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="index">0 for the first.</param>
    /// <exception cref="RpcException">It is missing, null, or not of the type.</exception>
    public T Required<T>(int index)
        where T : class => Argument<T?>(index) ?? throw Bad($"Argument {index + 1} must not be null.");

    /// <summary>Reads an argument that may be missing.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="index">0 for the first.</param>
    /// <param name="missing">What stands for it then.</param>
    /// <exception cref="RpcException">It is not of the type.</exception>
    public T Argument<T>(int index, T missing) => index < _arguments.Length ? Argument<T>(index) : missing;

    /// <summary>Checks that there are not more arguments than the method takes.</summary>
    /// <param name="count">How many it takes.</param>
    /// <exception cref="RpcException">There are more.</exception>
    public void TakeAtMost(int count)
    {
        if (_arguments.Length > count) { throw Bad($"The method takes {count} arguments, not {_arguments.Length}."); }
    }

    /// <summary>Sets the result.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="value">The result.</param>
    public void Return<T>(T value) => Result = _call.Peer.Json.Value(value);

    /// <summary>Sends a stream's items as the caller reads them, to the end.</summary>
    /// <typeparam name="T">Their type.</typeparam>
    /// <param name="items">The items.</param>
    /// <exception cref="RpcException">The caller has not asked for a stream, or an item is too large.</exception>
    public async ValueTask ReturnAllAsync<T>(IAsyncEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (_call.Message.Items == 0) { throw Bad("The method gives a stream, which the caller has not asked for."); }
        await foreach (T item in items.WithCancellation(CancellationToken).ConfigureAwait(false))
        {
            await _call.TakeItemAsync().ConfigureAwait(false);
            await _call.Peer.SendItemAsync(_call, item).ConfigureAwait(false);
        }
    }

    private static RpcException Bad(string message) => new(RpcError.BadArguments, message);
}
