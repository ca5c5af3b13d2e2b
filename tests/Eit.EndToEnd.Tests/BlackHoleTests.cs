using Eit.Protocol.Wire;
using Xunit.Abstractions;

namespace Eit.EndToEnd.Tests;

/// <summary>A path that swallows everything and says nothing. They measure, so nothing else may run beside them.</summary>
[Collection(AloneCollection.Name)]
public sealed class BlackHoleTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_black_hole_is_noticed_within_the_time_out()
    {
        var timeout = TimeSpan.FromSeconds(2);

        BlackHoles run = await BlackHoles.RunAsync(holes: 1, timeout, races: false);

        output.WriteLine(run.ToString());
        Assert.Equal(0, run.Wrong);
        Assert.Equal(CloseCode.Timeout, Assert.Single(run.Losses).Code);
        Assert.InRange(run.Noticed.Longest, timeout.TotalMilliseconds * 0.5, (timeout + s_slack).TotalMilliseconds);
    }

    [Fact]
    public async Task With_racing_traffic_is_back_within_half_of_the_time_out_and_a_dial()
    {
        var timeout = TimeSpan.FromSeconds(3);

        BlackHoles run = await BlackHoles.RunAsync(holes: 3, timeout, races: true);

        output.WriteLine(run.ToString());
        Assert.Equal(0, run.Wrong);
        Assert.Empty(run.Losses);
        Assert.Equal((3, 3), (run.Up.Count, run.Down.Count));
        Assert.InRange(Math.Max(run.Up.Longest, run.Down.Longest), 0, ((timeout / 2) + s_slack).TotalMilliseconds);
    }
}
