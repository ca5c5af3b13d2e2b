using Eit.Testing;
using Microsoft.Extensions.Logging;

namespace Eit.Link.Tests;

public sealed class LimitedLogTests
{
    [Fact]
    public void A_flood_of_one_source_is_one_line_and_a_count_after_a_minute_and_others_are_heard()
    {
        var time = new ManualTimeProvider();
        using var wheel = new DeadlineWheel(time);
        var lines = new Lines();

        for (int i = 0; i < 10_000; i++) { Note(wheel, lines, "eve"); }
        Note(wheel, lines, "ada");
        time.Advance(TimeSpan.FromSeconds(59));
        string[] within = [.. lines.Written];
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["Warning eve", "Warning ada"], within);
        Assert.Equal("Warning 9999 more events Refused of eve within a minute.", lines.Written[^1]);
        Assert.Equal(3, lines.Written.Count);
    }

    [Fact]
    public void What_the_log_does_not_want_is_not_counted()
    {
        using var wheel = new DeadlineWheel(new ManualTimeProvider());
        var lines = new Lines { Least = LogLevel.Error };

        Note(wheel, lines, "eve");
        lines.Least = LogLevel.Warning;
        Note(wheel, lines, "eve");

        Assert.Equal(["Warning eve"], lines.Written);
    }

    private static void Note(DeadlineWheel wheel, Lines lines, string source)
    {
        if (wheel.LimitedLog.MayWrite(lines, LogLevel.Warning, "Refused", source)) { lines.Written.Add($"Warning {source}"); }
    }

    private sealed class Lines : ILogger
    {
        internal List<string> Written { get; } = [];

        internal LogLevel Least { get; set; } = LogLevel.Warning;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= Least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Written.Add($"{logLevel} {formatter(state, exception)}");
    }
}
