using static Eit.Backoff.Tests.Times;

namespace Eit.Backoff.Tests;

public class FlightWindowTests
{
    private const int Piece = 16_384;

    [Fact]
    public void It_begins_with_two_pieces_and_asks_after_each_half()
    {
        var flight = new FlightWindow(2 * Piece, 1_000_000);

        bool[] asked = [flight.Sent(1, Piece / 2, At(0)), flight.Sent(2, Piece / 2, At(0)), flight.Sent(3, Piece, At(0))];

        Assert.Equal([false, true, true], asked);
        Assert.True(flight.IsFull);
        Assert.False(flight.IsFullForUrgent);
        Assert.Equal(2 * Piece, flight.InFlight);
    }

    [Fact]
    public void It_grows_each_round_on_a_path_without_a_queue()
    {
        var flight = new FlightWindow(2 * Piece, 16_000_000);
        long before = flight.Bytes;

        long number = 0;
        for (int round = 1; round <= 6; round++)
        {
            long acknowledged = Fill(flight, ref number, At(round * 0.1));
            flight.Acknowledged(number, acknowledged, At((round + 1) * 0.1));
            Assert.InRange(flight.Bytes, before * 3 / 2, long.MaxValue);
            before = flight.Bytes;
        }
    }

    [Fact]
    public void It_does_not_grow_when_the_round_shows_a_queue()
    {
        var flight = new FlightWindow(2 * Piece, 16_000_000);
        flight.Measured(Seconds(0.04));
        long number = 0;

        for (int round = 0; round < 7; round++)
        {
            long acknowledged = Fill(flight, ref number, At(round));
            flight.Acknowledged(number, acknowledged, At(round + 0.3));
        }

        Assert.Equal(2 * Piece, flight.Bytes);
    }

    [Fact]
    public void A_round_in_which_there_was_little_to_send_changes_nothing()
    {
        var flight = new FlightWindow(2 * Piece, 16_000_000);

        flight.Sent(1, Piece, At(0));
        flight.Acknowledged(1, Piece, At(0.001));

        Assert.Equal((2 * Piece, 0), (flight.Bytes, flight.InFlight));
    }

    [Fact]
    public void A_new_transport_begins_anew()
    {
        var flight = new FlightWindow(2 * Piece, 16_000_000);
        long number = 0;
        long acknowledged = Fill(flight, ref number, At(0));
        flight.Acknowledged(number, acknowledged, At(0.01));
        flight.Sent(number + 1, Piece, At(0.02));

        flight.Restart();

        Assert.Equal((2 * Piece, 0), (flight.Bytes, flight.InFlight));
    }

    private static long Fill(FlightWindow flight, ref long number, Instant at)
    {
        while (!flight.IsFull) { flight.Sent(++number, Piece, at); }
        return flight.InFlight;
    }
}
