using System.Collections.Concurrent;
using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>What a sender is told when the other end's handler throws, or when there is none (D5).</summary>
public sealed class FailureTests
{
    private const byte OwnKind = 20;
    private static readonly byte[] s_bytes = [1, 2, 3];

    [Theory]
    [InlineData(WireEncoding.Json)]
    [InlineData(WireEncoding.Binary)]
    public async Task Of_many_messages_exactly_those_that_a_handler_throws_at_have_failed(WireEncoding encoding)
    {
        var thrown = new ConcurrentBag<int>();
        await using TestHost host = await TestHost.StartAsync(app => Server.EndpointRouteBuilderExtensions.MapEit(app, "/eit", (_, text) => Handle(text)));
        await using EitConnection client = host.Client(configure: options => options.Encoding = encoding);
        await client.StartAsync().Soon();

        SendOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 3_000).Select(async number => await client.SendAsync(number.ToString(CultureInfo.InvariantCulture)))).Soon();

        Assert.Equal(Enumerable.Range(0, 3_000).Where(static number => number % 7 == 0), Enumerable.Range(0, 3_000).Where(number => outcomes[number] == SendOutcome.Failed));
        Assert.Equal(outcomes.Length, outcomes.Count(static outcome => outcome is SendOutcome.Failed or SendOutcome.Processed));
        Assert.Equal(Enumerable.Range(0, 3_000).Where(static number => number % 7 == 0), thrown.Order());
        Assert.Equal(thrown.Count, client.Dropped.Failed);

        ValueTask Handle(string text)
        {
            int number = int.Parse(text, CultureInfo.InvariantCulture);
            if (number % 7 != 0) { return number % 5 == 0 ? SoonAsync() : default; }
            thrown.Add(number);
            return number % 2 == 0 ? throw new InvalidOperationException(text) : ThrowAsync(text);
        }

        static async ValueTask SoonAsync() => await Task.Yield();

        static async ValueTask ThrowAsync(string text)
        {
            await Task.Yield();
            throw new InvalidOperationException(text);
        }
    }

    [Fact]
    public async Task What_a_server_has_no_handler_for_has_failed_and_is_logged_once()
    {
        using var logs = new CapturedLogs();
        await using TestHost host = await TestHost.StartAsync(
            app => Server.EndpointRouteBuilderExtensions.MapEit(app, "/eit", static (_, _) => default),
            build: builder => builder.Services.AddSingleton<ILoggerFactory>(logs));
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();

        SendOutcome text = await client.SendAsync("text").Soon();
        SendOutcome bytes = await client.SendAsync(s_bytes).Soon();
        SendOutcome kind = await client.SendAsync("kind", new SendOptions { Kind = OwnKind }).Soon();

        Assert.Equal((SendOutcome.Processed, SendOutcome.Failed, SendOutcome.Failed), (text, bytes, kind));
        Assert.Equal(2, client.Dropped.Failed);
        Assert.Contains("(bytes)", Assert.Single(logs.Texts, static entry => entry.Contains(" NoHandler ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_client_has_no_handler_for_has_failed()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection withText = host.Client("ada");
        await using EitConnection withBytes = host.Client("bob");
        withText.OnMessage(static _ => { });
        withBytes.OnBytes(static _ => default);
        await withText.StartAsync().Soon();
        EitSession toText = await recorder.Sessions.NextAsync();
        await withBytes.StartAsync().Soon();
        EitSession toBytes = await recorder.Sessions.NextAsync();

        SendOutcome[] outcomes =
        [
            await toText.SendAsync("text").Soon(), await toText.SendAsync(s_bytes).Soon(), await toText.SendAsync("kind", new SendOptions { Kind = OwnKind }).Soon(),
            await toBytes.SendAsync("text").Soon(), await toBytes.SendAsync(s_bytes).Soon(),
        ];

        Assert.Equal([SendOutcome.Processed, SendOutcome.Failed, SendOutcome.Failed, SendOutcome.Failed, SendOutcome.Processed], outcomes);
        Assert.Equal((2, 1), (toText.Dropped.Failed, toBytes.Dropped.Failed));
    }

    [Fact]
    public async Task What_a_channels_handler_throws_at_or_has_not_set_has_failed()
    {
        await using TestHost host = await TestHost.StartAsync(static app => app.MapEitChannels("/{**path}", static channels =>
            channels.OnMessage(static (_, message) => message == "bad" ? throw new InvalidOperationException(message) : ValueTask.CompletedTask)));
        await using EitConnection client = host.Client(path: "/tables/1");
        await client.StartAsync().Soon();

        SendOutcome good = await client.SendAsync("good").Soon();
        SendOutcome bad = await client.SendAsync("bad").Soon();
        SendOutcome bytes = await client.SendAsync(s_bytes).Soon();

        Assert.Equal((SendOutcome.Processed, SendOutcome.Failed, SendOutcome.Failed), (good, bad, bytes));
    }

    [Fact]
    public async Task A_handler_of_a_kind_that_throws_has_failed()
    {
        var recorder = new Recorder();
        await using TestHost host = await recorder.HostAsync();
        await using EitConnection client = host.Client();
        client.OnKind(OwnKind, static (_, message) => message.Text == "bad" ? throw new InvalidOperationException("bad") : default);
        await client.StartAsync().Soon();
        EitSession session = await recorder.Sessions.NextAsync();

        SendOutcome bad = await session.SendAsync("bad", new SendOptions { Kind = OwnKind }).Soon();
        SendOutcome good = await session.SendAsync("good", new SendOptions { Kind = OwnKind }).Soon();

        Assert.Equal((SendOutcome.Failed, SendOutcome.Processed), (bad, good));
    }

    [Fact]
    public async Task For_an_older_client_what_a_handler_throws_at_is_processed()
    {
        await using TestHost host = await TestHost.StartAsync(app => Server.EndpointRouteBuilderExtensions.MapEit(app, "/eit", static (_, _) => throw new InvalidOperationException("bad")));
        await using EitConnection client = host.Client(configure: static options => options.Session.Features = FeatureSet.None);
        await client.StartAsync().Soon();

        Assert.Equal(SendOutcome.Processed, await client.SendAsync("bad").Soon());
    }

    [Fact]
    public async Task What_nobody_reads_any_more_when_the_code_that_serves_has_ended_is_not_told_as_processed()
    {
        TaskCompletionSource handedOver = Patience.NewSource();
        await using TestHost host = await TestHost.StartAsync(app => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(app, "/eit", (HttpContext context) => context.UpgradeEitAsync(async session =>
        {
            await session.Incoming.ReadAsync();
            await session.Incoming.WaitToReadAsync();
            session.InitiateClose();
            handedOver.SetResult();
        })));
        await using EitConnection client = host.Client();
        await client.StartAsync().Soon();

        Task<SendOutcome> read = client.SendAsync("read").AsTask();
        Task<SendOutcome> unread = client.SendAsync("unread").AsTask();
        await handedOver.Task.Soon();

        Assert.Equal(SendOutcome.Processed, await read.Soon());
        Assert.Contains(await unread.Soon(), (SendOutcome[])[SendOutcome.Failed, SendOutcome.Unknown]);
    }
}
