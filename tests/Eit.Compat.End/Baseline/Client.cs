using Eit.Connection;
using Eit.Protocol.Wire;
using Eit.Rpc;

namespace Eit.Compat.End;

/// <summary>A client's connection, which cycles by itself.</summary>
internal sealed class Client : IClient, IFarEnd
{
    private readonly EitConnection _connection;
    private readonly RpcConnection _calls;
    private int _cycles;
    private int _connects;

    private Client(EitConnectionOptions options, INearEnd near)
    {
        _connection = new EitConnection(options);
        _calls = _connection.UseRpc(new RpcOptions { ParallelCalls = 4 });
        _calls.Api = Calls.ApiOf(Task.FromResult(near));
        _calls.On<string>("event", text => near.Hear(text!));
        _connection.OnBytes(bytes =>
        {
            near.Take(bytes.Span);
            return default;
        });
        _connection.OnMessage(near.Take);
        _connection.Cycled += (_, _) => Interlocked.Increment(ref _cycles);
        _connection.SessionEnded += (_, ended) => near.Ended($"{ended.Code} {ended.Reason}");
        _connection.StateChanged += (_, change) =>
        {
            if (change.Current == EitConnectionState.Connected) { Interlocked.Increment(ref _connects); }
        };
    }

    public IFarEnd Server => this;

    public int Cycles => _cycles;

    public int Connects => _connects;

    public bool HasEvents => false;

    public static IClient Make(Uri url, string pin, string name, bool isJson, TimeSpan cycle, INearEnd near)
    {
        var options = new EitConnectionOptions
        {
            Url = url,
            PinnedCertificateSha256 = pin,
            TokenProvider = (_, _) => ValueTask.FromResult<string?>(name),
            Encoding = isJson ? WireEncoding.Json : WireEncoding.Binary,
            StartLimit = TimeSpan.FromSeconds(30),
        };
        options.Cycle.Earliest = cycle;
        options.Cycle.Latest = 2 * cycle;
        options.Redial.FirstWait = TimeSpan.FromMilliseconds(100);
        options.Redial.LongestWait = TimeSpan.FromSeconds(2);
        return new Client(options, near);
    }

    public Task StartAsync() => _connection.StartAsync();

    public Task CloseAsync() => _connection.CloseAsync();

    public async ValueTask DisposeAsync()
    {
        await _calls.DisposeAsync();
        await _connection.DisposeAsync();
    }

    public Task<Task<string>> SendAsync(string text, Manner manner) => Calls.SendAsync(options => _connection.SendAsync(text, options), manner);

    public Task<Task<string>> SendAsync(ReadOnlyMemory<byte> bytes, Manner manner) => Calls.SendAsync(options => _connection.SendAsync(bytes, options), manner);

    public Task<Answer> CallAsync(string method, string argument) => Calls.CallAsync(_calls, method, argument);

    public Task<Answer> StreamAsync(string method, string argument) => Calls.StreamAsync(_calls, method, argument);

    public bool Emit(string text) => false;
}
