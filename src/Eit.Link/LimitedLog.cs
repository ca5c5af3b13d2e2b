using Eit.Backoff;
using Microsoft.Extensions.Logging;

namespace Eit.Link;

/// <summary>Keeps a log from being written full by what peers do: one line for each kind of event, source and minute. The first is written at once; of the others there is one line with
/// their number when the minute ends.</summary>
/// <remarks>Safe from any thread. 1,024 sources are told apart at a time; what comes beyond them counts as from others.</remarks>
public sealed partial class LimitedLog
{
    private const int SourcesMax = 1_024;
    private const string Others = "others";

    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly LogLimit<Key> _limit = new(s_period, SourcesMax);
    private readonly DeadlineWheel _wheel;
    private readonly DeadlineEntry _deadline;

    /// <summary>Makes a limit that has counted nothing.</summary>
    /// <param name="wheel">The clock.</param>
    internal LimitedLog(DeadlineWheel wheel)
    {
        _wheel = wheel;
        _deadline = wheel.Register(static state => ((LimitedLog)state!).WriteCounts(), this);
    }

    /// <summary>Tells that an event happened.</summary>
    /// <param name="logger">Where its line is written.</param>
    /// <param name="level">The level of its line.</param>
    /// <param name="kind">The name of the event; one of few.</param>
    /// <param name="source">Who or what has caused it; any text, which is made harmless.</param>
    /// <returns>Whether the line is to be written; false also when the logger does not want it.</returns>
    public bool MayWrite(ILogger logger, LogLevel level, string kind, string source)
    {
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(source);
        if (!logger.IsEnabled(level)) { return false; }
        source = PeerText.Harmless(source);
        lock (_gate)
        {
            bool mayWrite = _limit.Note(new Key(logger, level, kind, source), new Key(logger, level, kind, Others), _wheel.Now);
            _deadline.Set(_limit.NextDeadline);
            return mayWrite;
        }
    }

    private void WriteCounts()
    {
        Instant now = _wheel.Now;
        while (true)
        {
            Key key;
            long count;
            lock (_gate)
            {
                bool hasCount = _limit.TryTakeCount(now, out key, out count);
                _deadline.Set(_limit.NextDeadline);
                if (!hasCount) { return; }
            }
            LogRepeated(key.Logger, key.Level, count, key.Kind, key.Source);
        }
    }

    [LoggerMessage(EventId = LinkEventIds.Repeated, Message = "{Count} more events {Event} of {Source} within a minute.", EventName = "Repeated")]
    private static partial void LogRepeated(ILogger logger, LogLevel level, long count, string @event, string source);

    private readonly record struct Key(ILogger Logger, LogLevel Level, string Kind, string Source);
}
