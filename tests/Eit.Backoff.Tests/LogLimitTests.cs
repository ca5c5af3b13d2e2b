namespace Eit.Backoff.Tests;

public sealed class LogLimitTests
{
    private const string Others = "others";

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_first_event_is_written_at_once_and_the_others_are_one_count_when_the_minute_ends()
    {
        var limit = new LogLimit<string>(s_minute, keysMax: 8);

        bool[] written = [.. Enumerable.Range(0, 1_000).Select(_ => limit.Note("ada", Others, Instant.Zero))];

        Assert.Equal(Instant.Zero + s_minute, limit.NextDeadline);
        Assert.Equal([true, .. Enumerable.Repeat(false, 999)], written);
        Assert.Empty(Counts(limit, Instant.Zero + s_minute - TimeSpan.FromTicks(1)));
        Assert.Equal(["ada 999"], Counts(limit, Instant.Zero + s_minute));
    }

    [Fact]
    public void A_flood_that_goes_on_makes_one_line_a_minute_and_one_that_has_paused_for_a_minute_is_written_at_once()
    {
        var limit = new LogLimit<string>(s_minute, keysMax: 8);
        Instant now = Instant.Zero;
        limit.Note("ada", Others, now);
        limit.Note("ada", Others, now);
        now += s_minute;
        Assert.Equal(["ada 1"], Counts(limit, now));

        bool isWrittenMeanwhile = limit.Note("ada", Others, now);
        now += s_minute;
        string[] second = Counts(limit, now);
        now += s_minute;
        string[] third = Counts(limit, now);

        Assert.False(isWrittenMeanwhile);
        Assert.Equal(["ada 1"], second);
        Assert.Empty(third);
        Assert.Equal(Instant.Never, limit.NextDeadline);
        Assert.True(limit.Note("ada", Others, now));
    }

    [Fact]
    public void Sources_beyond_the_bound_are_counted_together_until_a_minute_of_an_earlier_one_ends()
    {
        var limit = new LogLimit<string>(s_minute, keysMax: 2);
        Instant later = Instant.Zero + TimeSpan.FromSeconds(1);
        limit.Note("ada", Others, Instant.Zero);
        limit.Note("bob", Others, later);

        bool[] written = [.. Enumerable.Range(0, 10_000).Select(number => limit.Note($"eve {number}", Others, later))];
        string[] first = Counts(limit, Instant.Zero + s_minute);
        bool isWrittenNow = limit.Note("ann", Others, Instant.Zero + s_minute);
        string[] second = Counts(limit, later + s_minute);

        Assert.Single(written, static isWritten => isWritten);
        Assert.Empty(first);
        Assert.False(isWrittenNow);                                // The others' minute still takes a place.
        Assert.Equal(["others 10000"], second);
    }

    private static string[] Counts(LogLimit<string> limit, Instant now)
    {
        var counts = new List<string>();
        while (limit.TryTakeCount(now, out string key, out long count)) { counts.Add($"{key} {count}"); }
        return [.. counts];
    }
}
