using Eit.Protocol.Wire;
using Xunit.Abstractions;

namespace Eit.EndToEnd.Tests;

/// <summary>A path that swallows everything and says nothing. They measure, so nothing else may run beside them.</summary>
[Collection(AloneCollection.Name), Trait("Runs", "Alone")]
public sealed class BlackHoleTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_black_hole_is_noticed_within_the_time_out()
    {
        var timeout = TimeSpan.FromSeconds(2);
        using var losses = new Heartbeat();

        BlackHoles run = await BlackHoles.RunAsync(holes: 1, timeout, races: false);

        output.WriteLine(run.ToString());
        Assert.Equal(0, run.Wrong);
        Assert.All(run.Losses, static loss => Assert.Equal(CloseCode.Timeout, loss.Code));   // Where the machine stands still for that long, there may be more than one.
        Assert.Equal(1, run.Noticed.Count);
        Assert.InRange(run.Noticed.Without(losses).Longest, 0, (timeout + s_slack).TotalMilliseconds);
    }

    [Fact]
    public async Task With_racing_traffic_is_back_within_half_of_the_time_out_and_a_dial()
    {
        var timeout = TimeSpan.FromSeconds(10);
        using var losses = new Heartbeat();

        BlackHoles run = await BlackHoles.RunAsync(holes: 1, timeout, races: true);

        output.WriteLine(run.ToString());
        Assert.Equal(0, run.Wrong);
        Assert.Empty(run.Losses);
        Assert.Equal((1, 1), (run.Up.Count, run.Down.Count));
        Assert.InRange(Math.Max(run.Up.Without(losses).Longest, run.Down.Without(losses).Longest), 0, ((timeout / 2) + s_slack).TotalMilliseconds);
    }
}
