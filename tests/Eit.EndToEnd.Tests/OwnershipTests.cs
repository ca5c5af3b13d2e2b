using Eit.Connection;

namespace Eit.EndToEnd.Tests;

/// <summary>What a connection takes over from who makes and starts it, and what it gives back.</summary>
public sealed class OwnershipTests
{
    private static readonly AsyncLocal<string?> s_ambient = new();

    [Fact]
    public async Task Nothing_ambient_of_who_starts_a_connection_reaches_its_token_provider()
    {
        await using TestHost host = await new Recorder().HostAsync(TestHost.Calm);
        var seen = new Happenings<string?>();
        await using EitConnection client = host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.TokenProvider = (_, _) =>
            {
                seen.Add(s_ambient.Value);
                return ValueTask.FromResult<string?>(host.Token("ada"));
            };
        });

        s_ambient.Value = "the caller's";
        await client.StartAsync().Soon();
        await client.CycleAsync().Soon();

        Assert.Equal([null, null], seen.All);
        Assert.Equal("the caller's", s_ambient.Value);
    }

    [Fact]
    public async Task Headers_are_copied_when_the_connection_is_made()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        EitConnectionOptions options = server.Host.ClientOptions();
        TestHost.Calm(options);
        options.Headers["X-Key"] = "before";
        await using var client = new EitConnection(options);

        options.Headers["X-Key"] = "after";
        options.Headers["X-Other"] = "new";
        await client.StartAsync().Soon();

        Assert.All(server.Dials, static headers => Assert.Equal(("before", 0), (headers["X-Key"].ToString(), headers["X-Other"].Count)));
    }
}
