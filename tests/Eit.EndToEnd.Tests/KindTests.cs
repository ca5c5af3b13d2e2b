using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

public sealed class KindTests
{
    private const byte Own = 20;

    [Fact]
    public async Task A_message_of_a_kind_of_its_own_goes_to_who_has_taken_the_kind_and_to_nobody_else()
    {
        var handler = new KindHandler();
        await using TestHost host = await HostAsync(handler);
        await using EitConnection client = host.Client(configure: options => options.CallbackContext = CallbackContext.Of(new NowhereContext()));
        var atClient = new Happenings<string>();
        client.OnKind(Own, (session, message) =>
        {
            atClient.Add($"{session == client.SessionId} {message.Text}");
            return default;
        });
        await client.StartAsync().Soon();

        SendOutcome own = await client.SendAsync("own", new SendOptions { Kind = Own }).Soon();
        SendOutcome nobodys = await client.SendAsync("nobody's", new SendOptions { Kind = Own + 1 }).Soon();
        SendOutcome plain = await client.SendAsync("plain").Soon();

        Assert.Equal((SendOutcome.Processed, SendOutcome.Failed, SendOutcome.Processed), (own, nobodys, plain));
        Assert.Equal(["kind own", "message plain"], handler.Heard.All);
        Assert.Equal("True answer", await atClient.NextAsync());
    }

    [Fact]
    public async Task A_kind_is_taken_once_and_0_is_the_messages_own()
    {
        await using TestHost host = await HostAsync(new KindHandler());
        await using EitConnection client = host.Client();
        client.OnKind(Own, static (_, _) => default);

        Assert.Throws<InvalidOperationException>(() => client.OnKind(Own, static (_, _) => default));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.OnKind(0, static (_, _) => default));
    }

    [Fact]
    public async Task A_message_for_one_session_never_goes_in_another_and_who_asked_is_told_its_outcome()
    {
        await using TestHost host = await HostAsync(new KindHandler());
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();
        var receipt = new SendReceipt();

        SendOutcome here = await client.SendAsync("here", new SendOptions { Session = client.SessionId, CompleteWhen = CompleteWhen.Accepted, Receipt = receipt, Stays = true }).Soon();
        SendOutcome elsewhere = await client.SendAsync("elsewhere", new SendOptions { Session = new Protocol.Wire.SessionId(7) }).Soon();

        Assert.Equal((SendOutcome.Accepted, SendOutcome.NotSent), (here, elsewhere));
        Assert.Equal(SendOutcome.Processed, await receipt.Outcome.Soon());
    }

    [Theory]
    [InlineData(CompleteWhen.Received)]
    [InlineData(CompleteWhen.Processed)]
    public async Task A_receipt_is_refused_where_the_send_itself_tells_what_became_of_the_message(CompleteWhen completeWhen)
    {
        await using TestHost host = await HostAsync(new KindHandler());
        await using EitConnection client = host.Client();

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync("x", new SendOptions { CompleteWhen = completeWhen, Receipt = new SendReceipt() }).AsTask());

        Assert.Contains("completes when it is Accepted", refused.Message, StringComparison.Ordinal);
    }

    private static Task<TestHost> HostAsync(KindHandler handler) =>
        TestHost.StartAsync(app => app.MapEit<KindHandler>("/eit"), build: builder => builder.Services.AddSingleton(handler));

    private sealed class KindHandler : EitHandler
    {
        internal Happenings<string> Heard { get; } = new();

        public override ValueTask OnConnectedAsync(EitSession session)
        {
            session.OnKind(Own, async message =>
            {
                Heard.Add($"kind {message.Text}");
                await session.SendAsync("answer", new SendOptions { Kind = Own, CompleteWhen = CompleteWhen.Accepted });
            });
            return default;
        }

        public override ValueTask OnMessageAsync(EitSession session, string message)
        {
            Heard.Add($"message {message}");
            return default;
        }
    }

    /// <summary>A context that runs only what is no message of a kind: it runs nothing here.</summary>
    private sealed class NowhereContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }
}
