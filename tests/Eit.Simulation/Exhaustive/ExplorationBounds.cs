namespace Eit.Simulation.Exhaustive;

/// <summary>How small a small world is: how often each thing may happen that nobody has to wait for.</summary>
internal sealed record ExplorationBounds(string Name, string About)
{
    /// <summary>The messages that the client's and the server's application send.</summary>
    internal int MessagesUp { get; init; } = 2;

    internal int MessagesDown { get; init; } = 2;

    /// <summary>The cycles that the client starts by itself, and those that the server asks for.</summary>
    internal int Cycles { get; init; }

    internal int CyclesAsked { get; init; }

    /// <summary>The transports that are cut.</summary>
    internal int Cuts { get; init; }

    /// <summary>The dials that fail: never arrive, or arrive when the client has given them up.</summary>
    internal int DialFailures { get; init; }

    /// <summary>The directions of transports that fall silent for good.</summary>
    internal int Stops { get; init; }

    /// <summary>How often each end's clock runs on to a deadline that is far away, although something else could happen.</summary>
    internal int Jumps { get; init; }

    /// <summary>The sessions that an application closes.</summary>
    internal int Closes { get; init; }

    /// <summary>The times that a client is put to sleep and woken.</summary>
    internal int Pauses { get; init; }

    /// <summary>Whether the first dial is explored too; else the world begins when the session is confirmed.</summary>
    internal bool BeginsBeforeTheFirstDial { get; init; }

    /// <summary>Whether what an end has to write leaves some time later, with what has come to it meanwhile; else at once.</summary>
    internal bool WritesLate { get; init; }

    /// <summary>Whether the first message of either end travels in two pieces.</summary>
    internal bool HasPieces { get; init; }

    /// <summary>Whether the messages that are not critical have one key, so that a newer one replaces an older one that has not left.</summary>
    internal bool HasKeys { get; init; }

    /// <summary>Whether every handler throws.</summary>
    internal bool HandlersThrow { get; init; }

    /// <summary>The messages that may be on the way or waiting for the handler.</summary>
    internal int WindowMessages { get; init; } = 1_024;

    /// <summary>The silence after which an end gives a transport up. Long where no jump should reach it.</summary>
    internal TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The states after which the exploration gives up.</summary>
    internal int StatesMax { get; init; } = 30_000_000;

    internal Canary Canary { get; init; }

    /// <summary>Gets the worlds that are explored unless others are asked for.</summary>
    internal static ExplorationBounds[] Default { get; } =
    [
        new("A", "a cycle and a cut under traffic") { Cycles = 1, Cuts = 1 },
        new("B", "resume upon resume") { Cuts = 3 },
        new("C", "hand-overs whose transports die") { MessagesUp = 1, MessagesDown = 1, Cycles = 2, Cuts = 2, DialFailures = 1 },
        new("D", "half-open under a cycle") { MessagesUp = 1, MessagesDown = 1, Cycles = 1, Stops = 1, Jumps = 1, Timeout = TimeSpan.FromSeconds(1) },
        new("E", "closing and sleeping, whatever else happens") { MessagesUp = 1, MessagesDown = 1, Cycles = 1, Cuts = 1, Closes = 2, Pauses = 1 },
        new("F", "half-open, with clocks that run apart") { MessagesUp = 1, MessagesDown = 1, Stops = 2, Jumps = 2, Timeout = TimeSpan.FromSeconds(1) },
        new("G", "an idle cycle, half-open, with clocks that run far apart") { MessagesUp = 0, MessagesDown = 0, Cycles = 1, Stops = 1, Jumps = 4, Timeout = TimeSpan.FromSeconds(1) },
        new("H", "lines that are slow to take what is written") { MessagesUp = 1, MessagesDown = 1, Cycles = 2, Cuts = 1, DialFailures = 1, Closes = 1, WritesLate = true },
        new("I", "messages in pieces, credit for one at a time") { CyclesAsked = 2, Cuts = 1, HasPieces = true, WindowMessages = 1 },
        new("J", "from the first dial, with a cycle") { MessagesUp = 1, MessagesDown = 1, Cycles = 1, Cuts = 1, DialFailures = 1, BeginsBeforeTheFirstDial = true },
        new("K", "from the first dial, with dials that arrive when they are given up") { MessagesUp = 1, MessagesDown = 1, Cuts = 1, DialFailures = 2, BeginsBeforeTheFirstDial = true },
        new("L", "messages of one key beside one that overtakes them, credit for one at a time") { MessagesUp = 4, MessagesDown = 1, Cycles = 1, Cuts = 2, HasKeys = true, WindowMessages = 1 },
        new("M", "a drain: asked to move, then closed") { MessagesUp = 1, MessagesDown = 1, CyclesAsked = 1, Cuts = 1, Closes = 1 },
        new("N", "handlers that throw, under a cycle and cuts") { MessagesUp = 1, MessagesDown = 1, Cycles = 1, Cuts = 2, HandlersThrow = true },
    ];

    /// <summary>The same world with another bound.</summary>
    internal ExplorationBounds With(string option, int value) => option switch
    {
        "--messages" => this with { MessagesUp = value, MessagesDown = value },
        "--up" => this with { MessagesUp = value },
        "--down" => this with { MessagesDown = value },
        "--cycles" => this with { Cycles = value },
        "--cycles-asked" => this with { CyclesAsked = value },
        "--cuts" => this with { Cuts = value },
        "--failed-dials" => this with { DialFailures = value },
        "--stops" => this with { Stops = value },
        "--jumps" => this with { Jumps = value },
        "--closes" => this with { Closes = value },
        "--pauses" => this with { Pauses = value },
        "--window" => this with { WindowMessages = value },
        "--late-writes" => this with { WritesLate = value > 0 },
        "--pieces" => this with { HasPieces = value > 0 },
        "--keys" => this with { HasKeys = value > 0 },
        "--throws" => this with { HandlersThrow = value > 0 },
        "--first-dial" => this with { BeginsBeforeTheFirstDial = value > 0 },
        "--states" => this with { StatesMax = value },
        _ => throw new ArgumentException($"There is no bound {option}.", nameof(option)),
    };

    internal string Describe()
    {
        (string What, int Many)[] parts =
        [
            ("messages up", MessagesUp), ("messages down", MessagesDown), ("cycles", Cycles), ("cycles asked for", CyclesAsked), ("cuts", Cuts),
            ("failed dials", DialFailures), ("silent directions", Stops), ("jumps of each clock", Jumps), ("closes", Closes), ("pauses", Pauses),
        ];
        IEnumerable<string> all = parts.Where(static part => part.Many > 0).Select(static part => $"{part.Many} {part.What}");
        if (BeginsBeforeTheFirstDial) { all = all.Append("from the first dial"); }
        if (WritesLate) { all = all.Append("writes wait"); }
        if (HasPieces) { all = all.Append("messages in pieces"); }
        if (HasKeys) { all = all.Append("messages of a key"); }
        if (HandlersThrow) { all = all.Append("handlers throw"); }
        if (WindowMessages < 10) { all = all.Append($"credit for {WindowMessages}"); }
        return string.Join(", ", all);
    }
}
