using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>A peer that never reads and says everything that there is to say, in every state, makes an end hold only so much.</summary>
public sealed class FloodTests
{
    private const int Frames = 20_000;
    private const long HeldBytesMax = 4 * 1024 * 1024;

    [Fact, Clause("L1.2", "X1.5")]
    public void A_peer_that_never_reads_makes_an_end_hold_only_so_much_in_every_state()
    {
        foreach (Place place in Place.All)
        {
            foreach (FrameType type in Enum.GetValues<FrameType>())
            {
                (World world, SessionEnd end) = place.Enter();
                long[] epochs = [.. new long[] { 1, 2 }.Where(epoch => end.Machine.RoleOf(epoch) is not null)];
                foreach (long epoch in epochs) { Flood(world, end, epoch, type, place.Name); }
            }
        }
    }

    private static void Flood(World world, SessionEnd end, long epoch, FrameType type, string place)
    {
        long sent = end.Machine.Received;
        for (int i = 0; i < Frames; i++)
        {
            Frame frame = Next(end.Machine, epoch, type, ref sent);
            end.Machine.FrameReceived(epoch, in frame, world.Now);   // What the machine puts out is neither taken nor written.
        }
        Assert.True(end.Machine.ControlFrames <= 1_100, $"{place}, {type} on {epoch}: {end.Machine.ControlFrames} control frames wait.");
        Assert.True(end.Machine.OutputsWaiting <= 100, $"{place}, {type} on {epoch}: {end.Machine.OutputsWaiting} outputs wait.");
        Assert.True(end.Machine.BytesHeld <= HeldBytesMax, $"{place}, {type} on {epoch}: {end.Machine.BytesHeld} bytes are held.");
    }

    private static Frame Next(SessionMachine machine, long epoch, FrameType type, ref long sent) => type switch
    {
        FrameType.Data => new Frame { Type = type, Number = ++sent, Lane = Lane.Bulk, HasMore = true, Payload = new byte[1_000] },
        FrameType.Ack => new Frame { Type = type, Body = new Ack { Received = machine.PeerReceived, Processed = default, Credit = default, Expired = [] } },
        FrameType.Resend => new Frame { Type = type, Number = machine.PeerReceived, Body = new Resend(3 - epoch) },
        FrameType.Cycle => new Frame { Type = type, Body = new CycleRequest("request", TimeSpan.FromSeconds(1)) },
        FrameType.Terms => new Frame { Type = type, Body = new Terms(TimeSpan.FromSeconds(1), Expires: null) },
        FrameType.Close => new Frame { Type = type, Number = long.MaxValue, Body = new CloseNotice(CloseCode.Closed, "closed") },
        FrameType.Switch => new Frame { Type = type, Number = machine.Received },
        _ => new Frame { Type = type, Number = 1 },
    };
}
