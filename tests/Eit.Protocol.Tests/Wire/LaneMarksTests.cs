using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class LaneMarksTests
{
    [Fact]
    public void Each_lane_has_its_own_number()
    {
        var marks = new LaneMarks(1, 2, 3, 4);

        Assert.Equal([1L, 2L, 3L, 4L], Enum.GetValues<Lane>().Select(lane => marks[lane]));
        Assert.Equal(LaneMarks.LaneCount, Enum.GetValues<Lane>().Length);
    }

    [Fact]
    public void A_copy_differs_in_one_lane_only()
    {
        var marks = new LaneMarks(1, 2, 3, 4);

        LaneMarks[] copies = [.. Enum.GetValues<Lane>().Select(lane => marks.With(lane, 9))];

        Assert.Equal([new(9, 2, 3, 4), new(1, 9, 3, 4), new(1, 2, 9, 4), new(1, 2, 3, 9)], copies);
        Assert.Equal(new LaneMarks(1, 2, 3, 4), marks);
    }

    [Fact]
    public void The_highest_is_found_in_any_lane()
    {
        Assert.All(Enum.GetValues<Lane>(), lane => Assert.Equal(9, new LaneMarks(1, 2, 3, 4).With(lane, 9).Highest));
        Assert.Equal(0, default(LaneMarks).Highest);
    }
}
