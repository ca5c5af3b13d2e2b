using System.Text.Json.Serialization;
using Eit.Connection;
using Eit.Rpc;

namespace Eit.Testing.Tests;

/// <summary>The example of calls in docs/TESTING.md, which quotes it.</summary>
public class CallTests
{
    [Fact]
    public async Task A_call_survives_a_cut_and_runs_once()
    {
        int runs = 0;
        RpcApi api = new RpcApi().Add("double", call =>
        {
            runs++;
            call.Return(2 * call.Argument<int>(0));
            return default;
        });
        await using EitTestWorld world = await EitTestWorld.StartAsync(
            app => app.MapEitRpc("/calls", _ => new RpcSession { Api = api }, new RpcOptions { Json = CallJson.Default }),
            new EitTestWorldOptions { Build = builder => builder.Services.AddEitRpc(new RpcSessionsOptions { Json = CallJson.Default }) });
        await using EitConnection connection = world.CreateClient("/calls");
        await using RpcConnection client = connection.UseRpc(new RpcOptions { Json = CallJson.Default });
        await world.RunAsync(connection.StartAsync());

        world.Network.BlackHole(EitTestDirection.Down);             // The call arrives; what it returns does not.
        Task<int> call = client.CallAsync<int>("double", 21);
        await world.SettleAsync();
        world.Network.Cut();
        world.Network.EndBlackHole();

        Assert.Equal(42, await world.RunAsync(call));
        Assert.Equal(1, runs);
    }
}

[JsonSerializable(typeof(int))]
internal sealed partial class CallJson : JsonSerializerContext;
