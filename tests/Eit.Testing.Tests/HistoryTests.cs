using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using static Eit.Testing.Tests.Worlds;

namespace Eit.Testing.Tests;

public class HistoryTests
{
    private readonly EitHistory _history = new("to the server");

    [Fact]
    public void What_is_sent_and_handled_once_and_in_order_is_right()
    {
        _history.Sent("a");
        _history.Sent("b");
        _history.Handled("a");
        _history.Handled("b");
        _history.Told("a", SendOutcome.Processed);

        _history.Check();
        Assert.Equal(["a", "b"], _history.HandledMessages);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(SendOutcome.Accepted)]
    [InlineData(SendOutcome.Received)]
    public void A_message_that_nobody_handled_is_lost(SendOutcome? told)
    {
        _history.Sent("a");
        if (told is { } outcome) { _history.Told("a", outcome); }

        AssertFault(EitHistoryFaultKind.Lost, "a");
    }

    [Fact]
    public void A_message_that_was_handled_twice_is_a_duplicate()
    {
        _history.Sent("a");
        _history.Handled("a");
        _history.Handled("a");

        AssertFault(EitHistoryFaultKind.Duplicate, "a");
    }

    [Fact]
    public void A_message_that_was_overtaken_in_its_lane_is_out_of_order()
    {
        _history.Sent("a");
        _history.Sent("b");
        _history.Handled("b");
        _history.Handled("a");

        AssertFault(EitHistoryFaultKind.OutOfOrder, "a");
    }

    [Fact]
    public void Lanes_and_keys_may_overtake_each_other_and_so_may_two_sessions()
    {
        _history.Sent("bulk", Lane.Bulk);
        _history.Sent("position 1", key: "position");
        _history.Sent("normal");
        _history.Sent("position 2", key: "position");
        _history.Sent("another session");
        _history.Handled("another session", new SessionId(2));
        _history.Handled("normal", new SessionId(1));
        _history.Handled("position 2", new SessionId(1));
        _history.Handled("bulk", new SessionId(1));
        _history.Told("position 1", SendOutcome.Replaced);

        _history.Check();
    }

    [Fact]
    public void A_key_keeps_its_order()
    {
        _history.Sent("position 1", key: "position");
        _history.Sent("position 2", key: "position");
        _history.Handled("position 2");
        _history.Handled("position 1");

        AssertFault(EitHistoryFaultKind.OutOfOrder, "position 1");
    }

    [Fact]
    public void What_nobody_has_sent_is_not_handled()
    {
        _history.Handled("a");

        AssertFault(EitHistoryFaultKind.Unsent, "a");
    }

    [Theory]
    [InlineData(SendOutcome.NotSent)]
    [InlineData(SendOutcome.Expired)]
    [InlineData(SendOutcome.Replaced)]
    public void A_message_that_was_told_as_dropped_and_was_handled_has_an_untrue_outcome(SendOutcome told)
    {
        _history.Sent("a");
        _history.Told("a", told);
        _history.Handled("a");

        AssertFault(EitHistoryFaultKind.UntrueOutcome, "a");
    }

    [Fact]
    public void A_message_that_was_told_as_processed_and_was_never_handled_has_an_untrue_outcome()
    {
        _history.Sent("a");
        _history.Told("a", SendOutcome.Processed);

        AssertFault(EitHistoryFaultKind.UntrueOutcome, "a");
    }

    [Fact]
    public void A_message_has_one_outcome()
    {
        _history.Sent("a");
        _history.Handled("a");
        _history.Told("a", SendOutcome.Received);
        _history.Told("a", SendOutcome.Processed);
        _history.Told("a", SendOutcome.Unknown);

        AssertFault(EitHistoryFaultKind.UntrueOutcome, "a");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Unknown_leaves_both_open(bool isHandled)
    {
        _history.Sent("a");
        if (isHandled) { _history.Handled("a"); }
        _history.Told("a", SendOutcome.Unknown);

        _history.Check();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_that_has_failed_was_handled_or_there_is_no_handler_for_it(bool isHandled)
    {
        _history.Sent("a");
        if (isHandled) { _history.Handled("a"); }
        _history.Told("a", SendOutcome.Failed);

        _history.Check();
    }

    [Fact]
    public void A_message_that_has_failed_is_not_processed_too()
    {
        _history.Sent("a");
        _history.Handled("a");
        _history.Told("a", SendOutcome.Failed);
        _history.Told("a", SendOutcome.Processed);

        AssertFault(EitHistoryFaultKind.UntrueOutcome, "a");
    }

    [Fact]
    public void What_can_not_be_told_is_refused()
    {
        var small = new EitHistory(messagesMax: 1);
        small.Sent("a");
        small.Handled("a");

        Assert.Throws<InvalidOperationException>(() => small.Sent("b"));
        Assert.Throws<InvalidOperationException>(() => small.Handled("b"));
        Assert.Throws<ArgumentException>(() => small.Told("b", SendOutcome.Processed));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EitHistory(messagesMax: 0));
        _history.Sent("a");
        Assert.Throws<ArgumentException>(() => _history.Sent("a"));
    }

    [Fact]
    public async Task Conversations_over_many_faults_are_right_both_ways()
    {
        var toClient = new EitHistory("to the client");
        await using EitTestWorld world = await StartEchoAsync(_history, toClient);
        await using EitConnection client = await StartClientAsync(world, toClient);

        for (int i = 0; i < 200; i++)
        {
            if (!_history.Send(client, $"{i}")) { await world.RunAsync(client.WaitUntilConnectedAsync()); }
            await world.AdvanceAsync(TimeSpan.FromMilliseconds(world.Random.Next(300)));
            if (world.Random.Next(20) == 0) { world.Network.Cut(world.Random.Next(2) == 0 ? EitTestCut.Reset : EitTestCut.Close); }
        }
        await world.AdvanceAsync(Seconds(60));

        _history.Check();
        toClient.Check();
        Assert.True(client.Epoch > 5, $"{client.Epoch}");
        Assert.True(_history.HandledMessages.Count > 100);
    }

    [Fact]
    public async Task What_a_lost_session_leaves_open_is_no_loss()
    {
        var notebook = new Notebook { Answer = (_, text) => Handle(text) };
        await using EitTestWorld world = await Worlds.StartAsync(notebook);
        await using EitConnection client = world.CreateClient("/");
        _history.Watch(client);
        await world.RunAsync(client.StartAsync());

        world.Network.BlackHole(EitTestDirection.Up);
        _history.Send(client, "on its way");
        await world.SettleAsync();
        world.LoseSession(client);
        world.Network.EndBlackHole();
        await world.AdvanceAsync(Seconds(5));
        _history.Send(client, "in the new session");
        await world.AdvanceAsync(Seconds(1));

        _history.Check();
        Assert.Equal(["in the new session"], _history.HandledMessages);
    }

    [Fact]
    public async Task What_the_server_sends_is_followed_to_the_end_of_its_session()
    {
        var toClient = new EitHistory("to the client");
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook { Ended = toClient.Ended });
        await using EitConnection client = await StartClientAsync(world, toClient);
        EitSession session = world.SessionOf(client)!;

        Assert.True(toClient.Send(session, "arrives"));
        await world.AdvanceAsync(Seconds(1));
        world.Network.BlackHole(EitTestDirection.Down);
        Assert.True(toClient.Send(session, "on its way"));
        await world.SettleAsync();
        EitHistoryFault early = Assert.Single(toClient.FindFaults());
        world.LoseSession(client);
        world.Network.EndBlackHole();
        await world.AdvanceAsync(Seconds(5));
        Assert.False(toClient.Send(session, "too late"));

        toClient.Check();
        Assert.Equal((EitHistoryFaultKind.Lost, "on its way"), (early.Kind, early.Message));
        Assert.Equal(["arrives"], toClient.HandledMessages);
    }

    [Fact]
    public async Task What_the_server_is_told_of_a_message_has_to_be_true()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        await using EitConnection client = await world.StartClientAsync();
        EitSession session = world.SessionOf(client)!;
        world.Network.BlackHole();

        _history.Send(session, "told as processed");
        _history.Ended(session, new EitSessionEnd(CloseCode.SessionLost, "An untrue one.", []));

        AssertFault(EitHistoryFaultKind.UntrueOutcome, "told as processed");
    }

    [Fact]
    public async Task An_end_that_is_told_before_the_send_has_returned_counts()
    {
        await using EitTestWorld world = await Worlds.StartAsync(new Notebook());
        await using EitConnection client = await world.StartClientAsync();
        EitSession session = world.SessionOf(client)!;
        world.Network.BlackHole();

        _history.Ended(session, new EitSessionEnd(CloseCode.SessionLost, "It is over.", [new MessageOutcome(1, SendOutcome.Unknown, Token: null)]));
        _history.Send(session, "the first");

        _history.Check();
    }

    [Fact]
    public void What_is_told_as_processed_before_it_is_handled_is_untrue()
    {
        _history.Sent("one");
        _history.Told("one", SendOutcome.Processed);
        _history.Handled("one");

        AssertFault(EitHistoryFaultKind.UntrueOutcome, "one");
    }

    [Theory]
    [InlineData("forgets", EitHistoryFaultKind.UntrueOutcome)]
    [InlineData("repeats", EitHistoryFaultKind.Duplicate)]
    [InlineData("lets wait", EitHistoryFaultKind.OutOfOrder)]
    public async Task A_handler_with_a_bug_is_found(string bug, EitHistoryFaultKind kind)
    {
        var notebook = new Notebook();
        await using EitTestWorld world = await Worlds.StartAsync(notebook);
        notebook.Answer = (_, text) => bug switch
        {
            "forgets" when text == "2" => default,                  // It returns, and so the message counts as processed.
            "repeats" when text == "2" => HandleTwice(text),
            "lets wait" when text == "2" => HandleLater(text, world.Time),
            _ => Handle(text),
        };
        await using EitConnection client = await world.StartClientAsync();

        for (int i = 1; i <= 3; i++) { await world.RunAsync(_history.SendAsync(client, $"{i}")); }
        await world.AdvanceAsync(Seconds(10));

        AssertFault(kind, "2");
    }

    private static Task<EitTestWorld> StartEchoAsync(EitHistory toServer, EitHistory toClient) => Worlds.StartAsync(new Notebook
    {
        Answer = async (session, text) =>
        {
            toServer.Handled(text, session.Id);
            await toClient.SendAsync(session, $"you said {text}", new SendOptions { CompleteWhen = CompleteWhen.Accepted });
        },
    });

    private static async Task<EitConnection> StartClientAsync(EitTestWorld world, EitHistory toClient)
    {
        EitConnection client = world.CreateClient("/");
        client.OnMessage(text => toClient.Handled(text));
        await world.RunAsync(client.StartAsync());
        return client;
    }

    private ValueTask Handle(string text)
    {
        _history.Handled(text);
        return default;
    }

    private ValueTask HandleTwice(string text)
    {
        _history.Handled(text);
        return Handle(text);
    }

    private ValueTask HandleLater(string text, TimeProvider time)
    {
        time.CreateTimer(_ => _history.Handled(text), state: null, Seconds(5), Timeout.InfiniteTimeSpan);
        return default;
    }

    private void AssertFault(EitHistoryFaultKind kind, string message)
    {
        EitHistoryException failure = Assert.Throws<EitHistoryException>(_history.Check);
        EitHistoryFault fault = Assert.Single(failure.Faults, fault => fault.Kind == kind);
        Assert.Equal(message, fault.Message);
        Assert.All(failure.Faults, other => Assert.Equal(message, other.Message));
        Assert.Contains(fault.Reason, failure.Message, StringComparison.Ordinal);
    }
}
