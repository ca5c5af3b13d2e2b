using Eit.Cli.Serve;

namespace Eit.Cli.Tests;

public sealed class ServeRoomTests
{
    [Theory]
    [InlineData(1_048_576L, 100_000, 4_096, 200_000)]
    [InlineData(20_000L, 5_000, 4_096, 10_000)]
    [InlineData(1_024L, 100, 181, 200)]
    [InlineData(512L, 10, 53, 20)]
    [InlineData(null, 100_000, 4_096, 200_000)]
    public void Connections_with_and_without_a_session_share_what_may_be_open_and_leave_some_for_the_program(long? descriptors, int sessionsMax, int before, int upgraded)
    {
        var room = ServeRoom.Of(descriptors, sessionsMax);

        Assert.Equal((before, before / 2, upgraded, null), (room.BeforeSession, room.BeforeSessionOfAddress, room.Upgraded, room.Fault));
        Assert.True(descriptors is null || room.BeforeSession + room.Upgraded <= descriptors - 300);
    }

    [Theory]
    [InlineData(20_000L, "100000 sessions do not fit into 20000 files and sockets, which the process may open: there is room for 14654 connections; raise the limit (ulimit -n, LimitNOFILE) or lower sessionsMax")]
    [InlineData(100L, "the process may open 100 files and sockets, and needs at least 512: raise the limit (ulimit -n, LimitNOFILE)")]
    public void What_does_not_fit_is_said_with_both_values_and_what_to_change(long descriptors, string fault)
    {
        Assert.Equal(fault, ServeRoom.Of(descriptors, 100_000).Fault);
    }

    [Fact]
    public void The_bound_of_this_process_is_read()
    {
        if (!OperatingSystem.IsLinux()) { return; }                 // The others do not tell it in a file.

        Assert.True(ServeRoom.ReadDescriptors() > 0);
    }
}
