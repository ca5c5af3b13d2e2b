using Eit.Protocol.Wire;

namespace Eit.Server.Tests;

public class DrainTallyTests
{
    [Fact, Clause("C3.3")]
    public void A_server_to_which_eight_clients_come_back_and_none_moves_is_alone()
    {
        var tally = new DrainTally();

        for (int i = 0; i < 7; i++) { tally.Ended(CloseCode.Draining); }
        Assert.False(tally.IsAlone);
        tally.Ended(CloseCode.Closed);
        Assert.False(tally.IsAlone);
        tally.Ended(CloseCode.Draining);

        Assert.True(tally.IsAlone);
    }

    [Fact, Clause("C3.3")]
    public void One_client_that_has_moved_tells_that_there_is_another_server()
    {
        var tally = new DrainTally();

        tally.Ended(CloseCode.Moved);
        for (int i = 0; i < 100; i++) { tally.Ended(CloseCode.Draining); }

        Assert.False(tally.IsAlone);
    }
}
