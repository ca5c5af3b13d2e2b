using System.Diagnostics;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation.Exhaustive;

/// <summary>
/// One end, run for real and alone: it is given inputs and says what it does. It has a clock of its own, which stands still but for
/// <see cref="EndInputKind.TimePasses"/>, and draws nothing: what it does depends on its inputs only.
/// </summary>
internal sealed class ExploredEnd : ISimWorld
{
    private static readonly TimeSpan s_ackDelay = TimeSpan.FromTicks(1);

    private readonly ExplorationBounds _bounds;
    private readonly Vocabulary _words;
    private readonly SimClient? _client;
    private readonly SimServer? _server;
    private readonly Dictionary<int, SimLink> _links = [];
    private readonly Dictionary<int, RecordedHistory> _histories = [];
    private readonly List<(int Epoch, int Packet)> _packets = [];
    private readonly List<(int Epoch, int Hello)> _dials = [];
    private readonly List<(int History, HistoryEvent Event)> _notes = [];
    private readonly Action<SessionState, TransportRole?, FrameType, bool>? _sawInput;
    private ulong _minted;
    private int _writesTo;
    private bool _gaveUp;

    internal ExploredEnd(bool isClient, ExplorationBounds bounds, Vocabulary words, Action<SessionState, TransportRole?, FrameType, bool>? sawInput = null)
    {
        (_bounds, _words, _sawInput) = (bounds, words, sawInput);
        Jitter = new FixedJitter(isClient ? 0 : 0.999);            // The client dials at once; the server's first keepalive comes as late as all others.
        SessionSettings session = new()
        {
            Timeout = isClient ? bounds.Timeout : bounds.Timeout * 1.3, // So that no end's third ping falls on its own time-out, and a tick would decide.
            AckDelay = s_ackDelay,
            OutboxAge = TimeSpan.MaxValue,
            LanePatience = TimeSpan.FromDays(1),
            MessageBytesMax = 64 * 1024,
            WindowMessages = bounds.WindowMessages,
            WindowMessagesMax = bounds.WindowMessages,
        };
        if (isClient)
        {
            var settings = new ClientSettings
            {
                Session = session,
                RacesOnSuspicion = false,
                Redial = new RedialOptions { StableAfter = TimeSpan.Zero },
                Cycle = new CycleOptions { Latest = TimeSpan.MaxValue, ShortestInterval = TimeSpan.Zero },
            };
            _client = new SimClient(this, "client", settings);
        }
        else { _server = new SimServer(this, session); }
    }

    public Instant Now { get; private set; }

    public IJitter Jitter { get; }

    public Canary Canary => _bounds.Canary;

    private List<SimSession> Sessions => _client?.Sessions ?? _server!.Sessions;

    private SimSession? Current => _client is not null ? _client.Current : _server!.Sessions.FindLast(static session => session.Machine is { IsConfirmed: true, State: not SessionState.Ended });

    public UInt128 MintId() => new(_client is not null ? 1UL : 2UL, ++_minted);

    public History HistoryOf(string session, bool fromClient)
    {
        int number = ((int)UInt128.Parse(session, System.Globalization.NumberStyles.AllowHexSpecifier, null) * 2) - (fromClient ? 2 : 1);
        if (!_histories.TryGetValue(number, out RecordedHistory? history)) { _histories.Add(number, history = new RecordedHistory(number, _notes)); }
        return history;
    }

    public bool MayWrite(SimLink link) => !_bounds.WritesLate || _writesTo == link.Epoch;

    public void Sent(SimLink link, bool toServer)
    {
        SimLink.Direction direction = link.Towards(toServer);
        while (direction.Count > 0)
        {
            SimLink.Packet packet = direction.Take();
            _packets.Add(((int)link.Epoch, _words.NumberOf(packet)));
            if (packet.Code is not null) { _links.Remove((int)link.Epoch); }
        }
        _writesTo = 0;
    }

    public void Dialled(SimClient client, DialRequest request) => _dials.Add(((int)request.Epoch, _words.NumberOf(request.Hello)));

    public void HandlerBegan(SimSession session) { }                // It is seen in the view.

    public void Saw(SessionOutput output, bool atClient)
    {
        _gaveUp |= output is SessionOutput.Ended { Reason: "The close was not answered in time." };
    }

    public void SawInput(SessionState state, TransportRole? role, FrameType type, bool atClient) => _sawInput?.Invoke(state, role, type, atClient);

    /// <summary>Lets something happen to the end.</summary>
    /// <returns>What it did, but for the number of its next state.</returns>
    internal EndEffect Do(EndInput input)
    {
        string? failure = null;
        try
        {
            Act(input);
            if (!_bounds.WritesLate && Wait() <= TimeSpan.Zero) { failure = "a deadline is due and nobody serves it"; }
        }
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            failure = thrown is HistoryException ? thrown.Message : thrown.ToString();
        }
        var effect = new EndEffect
        {
            Packets = [.. _packets],
            Dials = [.. _dials],
            Events = [.. _notes.Select(note => (note.History, _words.NumberOf(note.Event)))],
            Failure = failure,
            GaveUp = _gaveUp,
        };
        _gaveUp = false;
        _packets.Clear();
        _dials.Clear();
        _notes.Clear();
        return effect;
    }

    internal UInt128 Digest()
    {
        var digest = new StateDigest(Now);
        digest.Add((long)_minted, Sessions.Count);
        _client?.AppendTo(digest);
        _server?.AppendTo(digest);
        for (int epoch = 1, left = _links.Count; left > 0; epoch++)
        {
            if (!_links.TryGetValue(epoch, out SimLink? link)) { continue; }
            digest.Add(epoch, (long)((link.ClientEnd ?? link.ServerEnd)?.Machine.Id.Value ?? 0));
            left--;
        }
        return digest.Value;
    }

    internal EndView View()
    {
        ClientMachine? machine = _client?.Machine;
        bool isQuiet = machine is null or { State: ClientState.Connected or ClientState.Closed, IsCycling: false };
        return new EndView
        {
            Text = string.Join(" ", Sessions.Select(static session => session.Machine.State.ToString()!).Prepend(machine?.State.ToString() ?? "server")),
            IsQuiet = isQuiet && Sessions.TrueForAll(static session => session.IsQuiet),
            LiveSessions = BitsOf(static session => session.Machine.State is not SessionState.Ended, static (session, _) => (int)session.Machine.Id.Value),
            BusySessions = BitsOf(static session => session.IsBusy, static (_, place) => place),
            CanSend = Current is { Machine: { IsClosing: false, IsStandby: false } },
            CanCycle = machine is { State: ClientState.Connected, IsCycling: false } || (machine is null && Current is { Machine: { IsConnected: true, IsClosing: false } }),
            CanClose = machine is null ? Current is { Machine.IsClosing: false } : machine.State is not (ClientState.Closed or ClientState.Idle) && Current is null or { Machine.IsClosing: false },
            IsClosed = machine is { State: ClientState.Closed },
            IsPaused = machine is { State: ClientState.Paused },
            CanPause = machine is { State: not (ClientState.Idle or ClientState.Closed or ClientState.Paused) },
            Wait = Wait(),
            Writes = [.. Sessions.SelectMany(session => session.Links.Where(link => session.Machine.WantsToWrite(link.Epoch, Now))).Select(static link => (int)link.Epoch)],
        };
    }

    private int BitsOf(Func<SimSession, bool> isMeant, Func<SimSession, int, int> place)
    {
        int bits = 0;
        for (int i = 0; i < Sessions.Count; i++) { bits |= isMeant(Sessions[i]) ? 1 << place(Sessions[i], i) : 0; }
        return bits;
    }

    private TimeSpan Wait()
    {
        Instant at = Sessions.Aggregate(_client?.Machine.NextDeadline ?? Instant.Never, static (at, session) => Instant.Earlier(at, session.Machine.NextDeadline));
        return at == Instant.Never ? TimeSpan.MaxValue : new TimeSpan(at.Ticks - Now.Ticks);
    }

    private void Act(EndInput input)
    {
        TimeSpan passes = input.Kind == EndInputKind.TimePasses ? Wait() : TimeSpan.Zero;
        Now += passes;
        switch (input.Kind)
        {
            case EndInputKind.Start:
                _client!.Machine.Start(Now);
                break;
            case EndInputKind.Admit:
                _links[input.Epoch] = new SimLink(null!, _server!, input.Epoch);
                _server!.Admit(_links[input.Epoch], _words.Hello(input.What), "client");
                break;
            case EndInputKind.Receive:
                Receive(input.Epoch, _words.Packet(input.What));
                break;
            case EndInputKind.DialFailed:
                _client!.Machine.DialFailed(input.Epoch, new DialFailure(DialFailureKind.Network, "no way"), Now);
                break;
            case EndInputKind.Send:
                Send(Current!);
                break;
            case EndInputKind.HandlerDone:
                Sessions[input.What].HandlerFinished(_bounds.HandlersThrow);
                break;
            case EndInputKind.Cycle:
                if (_client is not null) { _client.Machine.RequestCycle("request", Now); }
                else { Current!.Machine.AskToCycle(new CycleRequest("age", TimeSpan.FromSeconds(1))); }
                break;
            case EndInputKind.TimePasses:
                break;                                             // It has.
            case EndInputKind.Close:
                Close(new CloseNotice(CloseCode.Closed, "done"));
                break;
            case EndInputKind.Pause:
                if (_client!.Machine.State is ClientState.Paused) { _client.Machine.Wake(Now); }
                else { _client.Machine.Pause(Now); }
                break;
            case EndInputKind.Write:
                _writesTo = input.Epoch;
                break;
            default:
                throw new UnreachableException();
        }
        _client?.Drive();
        _server?.DriveAll();
        TickWhatIsDue();
        if (passes == s_ackDelay) { Now -= passes; }               // An ack's time comes, and moves no other deadline.
        if (input.Kind == EndInputKind.Receive && _words.IsClose(input.What)) { _links.Remove(input.Epoch); }
        _writesTo = 0;
    }

    private void Receive(int epoch, SimLink.Packet packet)
    {
        if (_client is null) { _server!.Receive(_links[epoch], packet); }
        else
        {
            if (!_links.TryGetValue(epoch, out SimLink? link)) { _links.Add(epoch, link = new SimLink(_client, null!, epoch)); }
            _client.Receive(link, packet, Now);
        }
    }

    /// <summary>Messages in several lanes, of text and of bytes, awaited and not; each end's in its own order.</summary>
    private void Send(SimSession session)
    {
        long next = session.Outgoing.AcceptedCount + (_client is null ? 1 : 0);
        int bytes = _bounds.HasPieces && session.Outgoing.AcceptedCount == 0 ? WireLimits.PieceBytesMax + 10 : 0;
        OutgoingMessage message = (next % 3) switch
        {
            0 => new() { Lane = Lane.Normal, Token = this },
            1 => new() { Lane = Lane.Critical },
            _ => new() { Lane = Lane.Normal, Token = this, CompleteWhen = CompleteWhen.Received },
        };
        if (_bounds.HasKeys && message.Lane == Lane.Normal) { message = message with { Key = "k" }; }
        session.Send(message with { MayWait = true }, bytes, isText: next % 3 != 1, out _);
    }

    private void Close(CloseNotice notice)
    {
        if (_client is not null) { _client.Machine.BeginClose(notice, takesInbound: true, TimeSpan.FromSeconds(30), Now); }
        else { Current!.Machine.BeginClose(notice, takesInbound: true, giveUpAfter: null, Now); }
    }

    /// <summary>Looks after the deadlines that are due, as a wheel does: a transport that is given up may bring back one that has to be given up too.</summary>
    private void TickWhatIsDue()
    {
        for (int round = 0; round < 3 && Wait() <= TimeSpan.Zero; round++)
        {
            foreach (SimSession session in Sessions.ToArray())
            {
                if (Now >= session.Machine.NextDeadline) { session.Machine.Tick(Now); }
            }
            _client?.Drive();
            _server?.DriveAll();
        }
    }
}
