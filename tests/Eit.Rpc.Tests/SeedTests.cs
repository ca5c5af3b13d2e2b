using System.Collections.Concurrent;
using System.Text.Json;
using Eit.Connection;

namespace Eit.Rpc.Tests;

/// <summary>The example of seed 004: clap, createRecord, events, rejection, clean-up.</summary>
public sealed class SeedTests
{
    [Fact]
    public async Task The_example_of_the_seed_works_in_every_branch()
    {
        var sessions = new ConcurrentDictionary<string, RpcSession>();
        var closed = new Happenings<string>();
        await using RpcHost host = await RpcHost.StartAsync(context =>
        {
            string user = context.User.Identity!.Name ?? context.User.Claims.First().Value;
            if (user == "mallory") { throw new RpcException("We do not know you."); }
            var session = new UserSession(user);
            session.Api = RpcApi.Of(new ServerApi(sessions));
            session.OnStart = () =>
            {
                sessions[session.User] = session;
                session.Emit("hi", "A new session has started");
                session.Dispatch(new StoreAction("ACTION_TYPE", "none", new Record("Your action data", 1)));
                return default;
            };
            session.OnClose = _ =>
            {
                sessions.TryRemove(session.User, out RpcSession? gone);
                closed.Add(session.User);
                return default;
            };
            return session;
        });
        var events = new Happenings<string>();
        var adasActions = new Happenings<string>();
        var bobsActions = new Happenings<string>();
        RpcConnection ada = await host.ConnectAsync(user: "ada", prepare: client =>
        {
            client.On<string>("hi", text => events.Add(text!));
            client.OnDispatch(action => adasActions.Add(action.GetRawText()));
        });
        RpcConnection bob = await host.ConnectAsync(user: "bob", prepare: client => client.OnDispatch<StoreAction>(action =>
        {
            bobsActions.Add($"{action!.Type} {action.Payload.Title}");
            return default;
        }));
        await using EitConnection ofAda = ada.Connection;

        Assert.Equal("A new session has started", await events.NextAsync());
        Assert.Equal("""{"type":"ACTION_TYPE","schema":"none","payload":{"title":"Your action data","pages":1}}""", await adasActions.NextAsync());
        Assert.Equal("ACTION_TYPE Your action data", await bobsActions.NextAsync());
        Assert.Equal("Clap Clap Clap with 2", await ada.CallAsync<string>("clap", 2).Soon());
        Assert.Equal("its difficult to clap with so many hands", await ada.CallAsync<string>("clap", 3).Soon());
        Assert.Equal("What kind of a monster are you?", (await Assert.ThrowsAsync<RpcException>(() => ada.CallAsync<string>("clap", 11).Soon())).Message);
        Assert.Equal("Cannot clap without any hands", (await Assert.ThrowsAsync<RpcException>(() => ada.CallAsync<string>("clap").Soon())).Message);
        Assert.Equal("Unknown api 'toString'", (await Assert.ThrowsAsync<RpcException>(() => ada.CallAsync<string>("toString").Soon())).Message);

        await ada.CallAsync("createRecord", "book", new Record("Dune", 412)).Soon();
        Assert.Equal("""{"type":"schema.insert","schema":"book","payload":{"title":"Dune","pages":412}}""", await adasActions.NextAsync());
        Assert.Equal("schema.insert Dune", await bobsActions.NextAsync());

        await bob.Connection.DisposeAsync().Soon();
        Assert.Equal("bob", await closed.NextAsync());
        Assert.Equal(["ada"], sessions.Keys);

        RpcConnection mallory = host.Client(user: "mallory");
        await using EitConnection ofMallory = mallory.Connection;
        EitException refused = await Assert.ThrowsAsync<EitException>(() => ofMallory.StartAsync().Soon());
        Assert.Contains("refuses", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_contract_is_called_as_its_interface_both_ways()
    {
        var colors = new Happenings<string>();
        RpcSession? session = null;
        await using RpcHost host = await RpcHost.StartAsync(_ => session ??= new RpcSession { Api = RpcApi.Of<ICalculator>(new Calculator()) });
        RpcConnection client = await host.ConnectAsync(prepare: made => made.Api = RpcApi.Of<IScreen>(new Screen(colors)));
        await using EitConnection connection = client.Connection;
        ICalculator calculator = client.GetApi<ICalculator>();

        int sum = await calculator.AddAsync(1, 2);
        int more = await calculator.AddAsync(1, 2, 3);
        string echo = await calculator.Echo("e");
        await calculator.Nothing();
        List<int> numbers = [];
        await foreach (int number in calculator.CountAsync(3, CancellationToken.None)) { numbers.Add(number); }
        RpcException missing = await Assert.ThrowsAsync<RpcException>(() => calculator.Echo(null!).AsTask().Soon());
        using var cancelled = new CancellationTokenSource();
        Task waiting = calculator.WaitAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        await session!.GetApi<IScreen>().Show("green", new Record("x", 1)).Soon();

        Assert.Equal((3, 6, "e"), (sum, more, echo));
        Assert.Equal([0, 1, 2], numbers);
        Assert.Equal(RpcError.BadArguments, missing.Error);
        Assert.Equal(["green x"], colors.All);
    }

    [Fact]
    public void Only_what_is_marked_can_be_called_and_a_type_without_marks_is_named()
    {
        RpcApi api = RpcApi.Of(new ServerApi([]));

        Assert.NotNull(api.Find("clap"));
        Assert.NotNull(api.Find("createRecord"));
        Assert.Null(api.Find("secret"));
        Assert.Null(api.Find("getHashCode"));
        Assert.Contains("[RpcContract]", Assert.Throws<InvalidOperationException>(() => RpcApi.Of("text")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_by_reflection_writes_any_type()
    {
        var json = new RpcJson(RpcJson.Reflection());

        RpcText text = RpcText.Write(json.Value(new { One = 1, Two = "zwei" }).WriteTo);

        Assert.Equal("""{"one":1,"two":"zwei"}""", text.Text);
        Assert.Equal(2, json.Read<Dictionary<string, JsonElement>>(JsonElement.Parse(text.Text))!.Count);
    }

    private sealed class UserSession(string user) : RpcSession
    {
        internal string User { get; } = user;
    }

    internal sealed class ServerApi(ConcurrentDictionary<string, RpcSession> sessions)
    {
        [RpcMethod]
        public async Task<string> Clap(int? hands = null)
        {
            if (hands is null or 0) { throw new RpcException("Cannot clap without any hands"); }
            if (hands <= 2) { return $"Clap Clap Clap with {hands}"; }
            await Task.Yield();
            return hands > 10 ? throw new RpcException("What kind of a monster are you?") : "its difficult to clap with so many hands";
        }

        [RpcMethod]
        public void CreateRecord(string schema, Record record)
        {
            foreach (RpcSession session in sessions.Values) { session.Dispatch(new StoreAction("schema.insert", schema, record)); }
        }

        public string Secret() => "swordfish";
    }

    private sealed class Calculator : ICalculator
    {
        public Task<int> AddAsync(int one, int two, int three = 0) => Task.FromResult(one + two + three);

        public ValueTask<string> Echo(string text) => ValueTask.FromResult(text);

        public ValueTask Nothing() => default;

        public Task WaitAsync(CancellationToken cancellationToken) => new TaskCompletionSource().Task.WaitAsync(cancellationToken);

        public async IAsyncEnumerable<int> CountAsync(int to, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (int number = 0; number < to; number++)
            {
                await Task.Yield();
                yield return number;
            }
        }
    }

    private sealed class Screen(Happenings<string> shown) : IScreen
    {
        public Task Show(string color, Record record)
        {
            shown.Add($"{color} {record.Title}");
            return Task.CompletedTask;
        }
    }
}
