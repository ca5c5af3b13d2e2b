namespace Eit.Rpc.Tests;

public sealed class ActionLogTests
{
    private static readonly RpcPosition s_start = new("g", "log", 0);

    [Fact]
    public void A_log_knows_what_comes_after_each_position_that_it_reaches_back_to_and_no_other()
    {
        var log = new ActionLog("g", "log", actionsMax: 3, bytesMax: 1000);
        for (int number = 1; number <= 5; number++) { Add(log, number, bytes: 10); }

        Assert.Equal(s_start with { Serial = 5 }, log.Position);
        Assert.Equal([], After(log, 5));
        Assert.Equal(["5"], After(log, 4));
        Assert.Equal(["3", "4", "5"], After(log, 2));
        Assert.Null(After(log, 1));
        Assert.Null(After(log, 6));
        Assert.Null(log.After(null));
        Assert.Null(log.After(log.Position with { Log = "older" }));
        Assert.Null(log.After(log.Position with { Group = "other" }));
        Assert.Null(log.After(log.Position with { Serial = long.MinValue }));
    }

    [Fact]
    public void A_log_forgets_the_oldest_where_its_bytes_are_used_up()
    {
        var log = new ActionLog("g", "log", actionsMax: 100, bytesMax: 25);
        Add(log, 1, bytes: 10);
        Add(log, 2, bytes: 10);
        IEnumerable<string>? before = After(log, 0);
        Add(log, 3, bytes: 10);
        Add(log, 4, bytes: 30);

        Assert.Equal(["1", "2"], before);
        Assert.Null(After(log, 3));
        Assert.Equal([], After(log, 4));
    }

    [Fact]
    public void Every_option_out_of_range_is_named()
    {
        var options = new RpcSessionsOptions { LogActionsMax = -1, LogBytesMax = -1, ActionBytesMax = 0, GroupsMax = 0 };

        Assert.Equal(4, options.Faults().Count());
        Assert.Empty(new RpcSessionsOptions().Faults());
        Assert.Contains("GroupsMax", Assert.Throws<ArgumentException>(() => new RpcSessions(options)).Message, StringComparison.Ordinal);
    }

    private static void Add(ActionLog log, int number, int bytes) => log.Add(new SharedText(_ => new RpcText($"{number}", bytes)), bytes);

    private static IEnumerable<string>? After(ActionLog log, long serial) => log.After(s_start with { Serial = serial })?.Select(static text => text.For(EitRpcWire.Instance).Text).ToArray();
}
