using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

public class FrameBatchTests
{
    [Fact]
    public void Reading_a_message_forgets_the_frames_of_the_one_before()
    {
        var frames = new FrameBatch();
        Read(frames, """[{"t":"ping","id":1},{"t":"ping","id":2}]""");

        Read(frames, """{"t":"pong","id":3}""");

        Assert.Equal(1, frames.Count);
        Assert.Equal((FrameType.Pong, 3), (frames[0].Type, frames[0].Number));
    }

    [Fact]
    public void Clearing_leaves_no_frame()
    {
        var frames = new FrameBatch();
        Read(frames, """{"t":"pong","id":3}""");

        frames.Clear();

        Assert.Equal(0, frames.Count);
    }

    [Fact]
    public void A_batch_works_on_after_a_trim()
    {
        var frames = new FrameBatch();
        string many = $"[{string.Join(',', Enumerable.Range(1, 40).Select(n => $$"""{"t":"data","n":{{n}},"text":"\t{{n}}"}"""))}]";
        Read(frames, many);

        frames.Trim();
        int countAfterTrim = frames.Count;
        Read(frames, many);

        Assert.Equal(0, countAfterTrim);
        Assert.Equal(Enumerable.Range(1, 40).Select(n => $"\t{n}"), Enumerable.Range(0, frames.Count).Select(i => Encoding.UTF8.GetString(frames[i].Payload.Span)));
    }

    [Fact]
    public void Unescaped_and_decoded_payloads_of_one_message_do_not_touch_each_other()
    {
        var frames = new FrameBatch();

        Read(frames, """
            [{"t":"data","n":1,"text":"a\u0062c"},{"t":"data","n":2,"bin":"ZGVm"},{"t":"data","n":3,"text":"\n"},
             {"t":"data","n":4,"lane":0,"text":""},{"t":"data","n":5,"bin":"\u005aw=="}]
            """);

        Assert.Equal(["abc", "def", "\n", "", "g"], Enumerable.Range(0, frames.Count).Select(i => Encoding.UTF8.GetString(frames[i].Payload.Span)));
    }

    [Fact]
    public void An_ack_of_an_earlier_message_is_lent_again()
    {
        var frames = new FrameBatch();
        Read(frames, """{"t":"ack","received":1,"processed":[0,0,0,0],"credit":[1,1]}""");
        object? first = frames[0].Body;

        Read(frames, """{"t":"ack","received":2,"processed":[0,0,0,0],"credit":[1,1]}""");

        Assert.Same(first, frames[0].Body);
        Assert.Equal(2, ((Ack)frames[0].Body!).Received);
    }

    private static void Read(FrameBatch frames, string message) =>
        Assert.Null(new JsonFrameReader().Read(Encoding.UTF8.GetBytes(message), isText: true, frames));
}
