using Eit.Connection;
using Eit.Rpc;
using Store.Shared;

namespace Store.Client;

/// <summary>A list that is kept in step with the server's: over outages, which the session bridges, and over the loss of the session, after which it asks for what it has missed.</summary>
internal sealed class ListClient : IAsyncDisposable
{
    private readonly EitConnection _connection;
    private readonly RpcConnection _rpc;
    private readonly IListApi _api;
    private RpcPosition? _position;
    private volatile ListState _state = ListState.Empty;

    /// <summary>Makes a client that is not connected.</summary>
    /// <param name="options">How it reaches its list.</param>
    /// <param name="show">Is shown the list whenever it has changed; called on a pool thread, one call at a time.</param>
    internal ListClient(EitConnectionOptions options, Action<ListState> show)
    {
        _connection = new EitConnection(options);
        _rpc = _connection.UseRpc(new RpcOptions { Json = StoreJson.Default });
        _api = _rpc.GetApi<IListApi>();
        _rpc.OnSession(async () => LastJoined = await _api.Follow(_position));
        _rpc.OnDispatch<ListAction>((action, position) =>
        {
            _state = _state.After(action!);
            _position = position;
            show(_state);
            return default;
        });
    }

    internal ListState State => _state;

    internal EitConnection Connection => _connection;

    /// <summary>Gets how the last session has begun; null before the first.</summary>
    internal RpcJoined? LastJoined { get; private set; }

    internal void Start() => _connection.Start();

    internal Task AddAsync(string text) => PutAsync(new Item(Guid.NewGuid().ToString("N"), text, IsDone: false));

    internal Task PutAsync(Item item) => UntilDoneAsync(() => _api.Put(item));

    internal Task RemoveAsync(Item item) => UntilDoneAsync(() => _api.Remove(item));

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _rpc.DisposeAsync();
    }

    /// <summary>A call that was lost with its session has run once or not at all. These may be done again: twice is as good as once.</summary>
    private async Task UntilDoneAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (RpcCallLostException) when (!_connection.IsClosing)
            {
                // Once more.
            }
        }
    }
}
