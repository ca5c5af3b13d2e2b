using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>
/// Clients and servers in virtual time. One seed decides everything: latencies, cuts, black holes, the speed of handlers, cycles, deploys, crashes, pauses.
/// What the applications do is left to the worlds that are made of it.
/// </summary>
internal abstract class RandomWorld : ISimWorld
{
    private readonly SeededJitter _chance;
    private readonly PriorityQueue<Action, (Instant At, long Order)> _events = new();
    private readonly Dictionary<(string Session, bool FromClient), History> _histories = [];
    private readonly List<SimClient> _clients = [];
    private readonly List<SimLink> _links = [];
    private readonly List<SimServer> _servers = [];
    private readonly Dictionary<SimLink, Instant> _dialledAt = [];
    private readonly double _latencyMs;
    private readonly bool _isCloned;
    private SessionSettings _serverSettings = new();
    private UInt128? _clonedId;
    private long _order;
    private int _faults;
    private int _resumes;

    private protected RandomWorld(ulong seed, Canary canary)
    {
        _chance = new SeededJitter(seed);
        Jitter = new SeededJitter(_chance.NextBits());
        Canary = canary;
        _latencyMs = Pick(0.2, 2, 2, 20, 20, 80, 80, 250);
        TrafficFor = TimeSpan.FromSeconds(5 + (10 * _chance.Next()));
        _isCloned = Chance(0.03);
    }

    public Instant Now { get; private set; }

    public IJitter Jitter { get; }

    public Canary Canary { get; }

    internal SimStatistics Statistics { get; } = new();

    /// <summary>How long the traffic and the faults last.</summary>
    protected TimeSpan TrafficFor { get; }

    /// <summary>Whether the faults are over, and nothing more is sent but by handlers.</summary>
    protected bool IsHealed { get; private set; }

    /// <summary>How many waits of a handler for that of the other end, which waited too, ended with NotSent.</summary>
    protected virtual int MutualWaits => 0;

    /// <summary>After how long the sessions give up what has not left.</summary>
    protected abstract TimeSpan OutboxAge { get; }

    private SimServer Front => _servers[^1];

    public UInt128 MintId() => new(_chance.NextBits(), _chance.NextBits());

    public History HistoryOf(string session, bool fromClient)
    {
        if (!_histories.TryGetValue((session, fromClient), out History? history))
        {
            _histories.Add((session, fromClient), history = new History($"session {session[..6]} {(fromClient ? "up" : "down")}", OutboxAge));
        }
        return history;
    }

    public bool MayWrite(SimLink link) => true;

    public void Sent(SimLink link, bool toServer)
    {
        SimLink.Direction direction = link.Towards(toServer);
        At(Latency(), () => Deliver(link, direction, toServer));
    }

    public void Dialled(SimClient client, DialRequest request)
    {
        Instant dialledAt = Now;
        bool fails = !IsHealed && Chance(0.1);
        bool hangs = !IsHealed && Chance(0.05);
        if (hangs)
        {
            At(TimeSpan.FromSeconds(10), () => Fail(client, request, new DialFailure(DialFailureKind.Timeout, "silence")));
            return;
        }
        At(Latency() * 3, () =>
        {
            if (fails || !Front.IsUp || Front.IsDraining)
            {
                int? status = Chance(0.3) || Front.IsDraining ? 503 : null;
                Fail(client, request, new DialFailure(DialFailureKind.Http, "refused") { HttpStatus = status });
                return;
            }
            var link = new SimLink(client, Front, request.Epoch);
            _links.Add(link);
            Front.Admit(link, request.Hello, _isCloned ? "everybody" : client.Name);
            _dialledAt[link] = dialledAt;
            At(TimeSpan.FromSeconds(10), () =>
            {
                if (link.ClientEnd is null) { Fail(client, request, new DialFailure(DialFailureKind.Timeout, "no welcome")); }
            });
        });
    }

    public abstract void HandlerBegan(SimSession session);

    public void Saw(SessionOutput output, bool atClient)
    {
        if (output is SessionOutput.StateChanged changed) { Statistics.SawMove(changed.Previous, changed.Current); }
        if (output is SessionOutput.Resumed && atClient) { _resumes++; }
    }

    public void SawInput(SessionState state, TransportRole? role, FrameType type, bool atClient) => Statistics.SawInput(state, role, type, atClient);

    /// <summary>Runs the world: traffic under faults, then a healed phase in which everything has to drain.</summary>
    internal void Run()
    {
        _serverSettings = SettingsOf();
        _servers.Add(new SimServer(this, _serverSettings));
        int clients = Chance(0.25) ? 2 : 1;
        for (int i = 0; i < clients; i++) { AddClient($"client {i + 1}"); }
        WatchDeadlines();
        for (int i = 3 + (int)(8 * _chance.Next()); i > 0; i--) { At(TrafficFor * _chance.Next(), Hurt); }
        At(TrafficFor, Heal);
        Advance(until: Instant.Zero + TrafficFor + DrainsWithin);
        CheckQuiet();
        Gather();
    }

    /// <summary>How long it may take after the last fault until everything is quiet.</summary>
    protected virtual TimeSpan DrainsWithin => TimeSpan.FromSeconds(400);

    /// <summary>Draws the bounds of an end.</summary>
    protected abstract SessionSettings SettingsOf();

    /// <summary>Draws the features of an end: one in five is older, and has none.</summary>
    protected FeatureSet FeaturesOf() => Chance(0.8) ? FeatureSet.Own : FeatureSet.None;

    /// <summary>An application begins to send.</summary>
    /// <param name="fromClient">The client's, or that of the server that it talks to.</param>
    /// <param name="find">Finds its end of the session; null if there is none now.</param>
    /// <param name="isOver">Whether there never will be one again.</param>
    protected abstract void BeginTraffic(bool fromClient, Func<SimSession?> find, Func<bool> isOver);

    protected void DriveOwner(SimSession session)
    {
        if (!session.IsClient) { _servers.Find(server => server.Sessions.Contains(session))?.Drive(session); }
        else { _clients.Find(client => client.Sessions.Contains(session))?.Drive(); }
    }

    protected TimeSpan Latency() => TimeSpan.FromMilliseconds(_latencyMs * (0.5 + _chance.Next()));

    protected void At(TimeSpan after, Action action) => _events.Enqueue(action, (Now + after, _order++));

    protected bool Chance(double share) => _chance.Next() < share;

    /// <summary>Draws a whole number from zero to one below a bound.</summary>
    protected int Below(int bound) => (int)(bound * _chance.Next());

    protected TimeSpan Within(TimeSpan bound) => bound * _chance.Next();

    protected double Pick(params ReadOnlySpan<double> choices) => choices[(int)(choices.Length * _chance.Next())];

    private void AddClient(string name)
    {
        var cycle = new CycleOptions { Earliest = TimeSpan.FromSeconds(1 + (4 * _chance.Next())), Latest = TimeSpan.FromSeconds(8), ShortestInterval = TimeSpan.FromMilliseconds(500) };
        var settings = new ClientSettings { Session = SettingsOf(), Cycle = cycle };
        var client = new SimClient(this, name, settings, MintIdOf());
        _clients.Add(client);
        client.Machine.Start(Now);
        client.Drive();
        bool IsOver() => client.Machine.State is ClientState.Closed;
        BeginTraffic(fromClient: true, () => client.Current, IsOver);
        BeginTraffic(fromClient: false, () => ServerEndOf(client), IsOver);
    }

    /// <summary>An end of a session with a client that the server's application knows of.</summary>
    private SimSession? ServerEndOf(SimClient client)
    {
        SimSession? session = Front.Sessions.Find(end => end.Links.Exists(link => link.Client == client)) ?? Front.Sessions.FirstOrDefault();
        return session is { Machine.IsConfirmed: true } ? session : null;
    }

    /// <summary>Copies of one profile begin with the same instance id.</summary>
    private Func<UInt128> MintIdOf()
    {
        if (!_isCloned) { return MintId; }
        _clonedId ??= MintId();
        bool isFirst = true;
        return () =>
        {
            if (!isFirst) { return MintId(); }
            isFirst = false;
            return _clonedId.Value;
        };
    }

    private void Hurt()
    {
        if (IsHealed) { return; }
        _faults++;
        List<SimClient> clients = _clients.FindAll(static client => client.Machine.State is not ClientState.Closed);
        SimClient client = clients[(int)(clients.Count * _chance.Next())];
        List<SimLink> links = _links.FindAll(link => link.Client == client && (!link.ToServer.IsOver || !link.ToClient.IsOver));
        SimLink? link = links.Count == 0 ? null : links[(int)(links.Count * _chance.Next())];
        switch ((int)(15 * _chance.Next()))
        {
            case <= 4 when link is not null:
                Cut(link);
                break;
            case <= 7 when link is not null:
                Stop(link);
                break;
            case 8:
                client.Machine.RequestCycle("request", Now);
                HurtSoon();
                break;
            case 9:
                Sleep(client);
                break;
            case 10 when Chance(0.4):
                Crash();
                break;
            case 11 when Chance(0.5):
                Deploy();
                break;
            case 10 or 11:
                foreach (SimSession session in Front.Sessions) { session.Machine.Announce(new Terms(TimeSpan.FromSeconds(_chance.Next()), Expires: null), Now); }
                break;
            case 12:
                Replace(client);
                break;
            case 13 when link?.ServerEnd is { } end:
                end.Machine.BeginClose(new CloseNotice(CloseCode.Draining, "Elsewhere is more room."), takesInbound: Chance(0.5), giveUpAfter: null, Now);
                break;
            default:
                client.Machine.NetworkChanged(Now);
                break;
        }
        if (Chance(0.2)) { HurtSoon(); }
        DriveEverything();
    }

    /// <summary>Faults like company: one while a hand-over is under way, one while another is made good.</summary>
    private void HurtSoon() => At(Latency() * (8 * _chance.Next()), Hurt);

    /// <summary>An application closes its client and begins with a new one.</summary>
    private void Replace(SimClient client)
    {
        client.Machine.BeginClose(new CloseNotice(CloseCode.Closed, "done"), takesInbound: Chance(0.5), TimeSpan.FromSeconds(5), Now);
        AddClient(client.Name);
    }

    private void Cut(SimLink link)
    {
        link.Cut((int)(3 * _chance.Next()), (int)(3 * _chance.Next()));
        Redeliver(link);
    }

    /// <summary>A black hole in one direction or both, for a while or until the link is given up.</summary>
    private void Stop(SimLink link)
    {
        bool both = Chance(0.5);
        link.ToServer.IsStopped = both || Chance(0.5);
        link.ToClient.IsStopped = both || !link.ToServer.IsStopped;
        if (Chance(0.5)) { At(TimeSpan.FromSeconds(8 * _chance.Next()), () => Thaw(link)); }
    }

    private void Thaw(SimLink link)
    {
        (link.ToServer.IsStopped, link.ToClient.IsStopped) = (false, false);
        Redeliver(link);
    }

    private void Sleep(SimClient client)
    {
        client.Machine.Pause(Now);
        client.Drive();
        At(TimeSpan.FromSeconds(4 * _chance.Next()), () =>
        {
            client.Machine.Wake(Now);
            client.Drive();
        });
    }

    private void Crash()
    {
        SimServer dead = Front;
        dead.Die();
        foreach (SimLink link in _links.Where(link => link.Server == dead)) { Redeliver(link); }
        At(TimeSpan.FromSeconds(3 * _chance.Next()), () => _servers.Add(new SimServer(this, _serverSettings)));
    }

    /// <summary>A new server takes over while the old one drains; or none does, and its clients are told to come back later.</summary>
    private void Deploy()
    {
        SimServer old = Front;
        if (!old.IsUp || old.IsDraining) { return; }
        bool isReplaced = Chance(0.7);
        TimeSpan within = TimeSpan.FromSeconds(1 + (3 * _chance.Next()));
        if (isReplaced) { _servers.Add(new SimServer(this, _serverSettings)); }
        old.BeginDrain(within);
        At(within, () =>
        {
            old.CloseAll(TimeSpan.FromSeconds(5));
            At(TimeSpan.FromSeconds(6), () =>
            {
                old.Die();
                foreach (SimLink link in _links.Where(link => link.Server == old)) { Redeliver(link); }
                if (!isReplaced) { _servers.Add(new SimServer(this, _serverSettings)); }
                DriveEverything();
            });
        });
    }

    private void Heal()
    {
        IsHealed = true;
        foreach (SimLink link in _links) { Thaw(link); }
        if (!Front.IsUp || Front.IsDraining) { _servers.Add(new SimServer(this, _serverSettings)); }
        foreach (SimClient client in _clients)
        {
            client.Machine.Wake(Now);
            client.Drive();
        }
        DriveEverything();
    }

    private void Deliver(SimLink link, SimLink.Direction direction, bool toServer)
    {
        if (direction.IsStopped || direction.Count == 0) { return; }
        bool isWelcomeDue = !toServer && link.ClientEnd is null && !_dialledAt.ContainsKey(link);
        if (isWelcomeDue) { return; }
        SimLink.Packet packet = direction.Take();
        if (toServer) { link.Server.Receive(link, packet); }
        else { link.Client.Receive(link, packet, _dialledAt.GetValueOrDefault(link)); }
        if (packet.Code is not null && !link.Towards(!toServer).IsOver)
        {
            link.Towards(!toServer).Cut(int.MaxValue);
            Redeliver(link);
        }
    }

    private void Redeliver(SimLink link)
    {
        for (int i = link.ToServer.Count; i > 0; i--) { Sent(link, toServer: true); }
        for (int i = link.ToClient.Count; i > 0; i--) { Sent(link, toServer: false); }
    }

    private void Fail(SimClient client, DialRequest request, DialFailure failure)
    {
        client.Machine.DialFailed(request.Epoch, failure, Now);
        client.Drive();
    }

    private void DriveEverything()
    {
        foreach (SimServer server in _servers) { server.DriveAll(); }
        foreach (SimClient client in _clients) { client.Drive(); }
    }

    /// <summary>Looks every few milliseconds after what is due, as a wheel does, and after nothing else.</summary>
    private void WatchDeadlines()
    {
        foreach (SimServer server in _servers)
        {
            foreach (SimSession session in server.Sessions.FindAll(IsDue))
            {
                session.Machine.Tick(Now);
                server.Drive(session);
            }
        }
        foreach (SimClient client in _clients)
        {
            List<SimSession> due = client.Sessions.FindAll(IsDue);
            foreach (SimSession session in due) { session.Machine.Tick(Now); }
            if (due.Count > 0 || Now >= client.Machine.NextDeadline) { client.Drive(); }
        }
        At(TimeSpan.FromMilliseconds(20), WatchDeadlines);
    }

    private bool IsDue(SimSession session) => Now >= session.Machine.NextDeadline;

    private void Advance(Instant until)
    {
        while (_events.TryPeek(out _, out (Instant At, long Order) next) && next.At <= until)
        {
            Action action = _events.Dequeue();
            Now = next.At;
            action();
            if (IsHealed && _order % 64 == 0 && IsQuiet()) { return; }
        }
    }

    private bool IsQuiet() =>
        _clients.TrueForAll(static client => client.Machine.State is ClientState.Connected or ClientState.Closed && !client.Machine.IsCycling && client.Sessions.TrueForAll(static session => session.IsQuiet))
        && _servers.TrueForAll(static server => !server.IsUp || server.Sessions.TrueForAll(static session => session.IsQuiet && (session.Machine.IsConfirmed || session.Machine.State is SessionState.Ended)));

    private void CheckQuiet()
    {
        if (!IsQuiet()) { throw new HistoryException($"not quiet at {Now}: {string.Join(", ", _clients.Select(static client => client.Machine.State))}; {string.Join(", ", _servers.Where(static server => server.IsUp).SelectMany(static server => server.Sessions).Select(static session => session.Machine.State))}"); }
        foreach (History history in _histories.Values) { history.CheckQuiet(Now); }
        IEnumerable<SimSession> ends = _clients.SelectMany(static client => client.Sessions).Concat(_servers.SelectMany(static server => server.Sessions));
        foreach (SimSession end in ends.Where(static end => end.Machine.State is SessionState.Online && !end.Outgoing.IsOrphaned && !end.Incoming.IsOrphaned))
        {
            end.Outgoing.CheckCounts(end.Machine.Dropped);
            if (!end.Incoming.IsEnded) { end.Incoming.Credit?.CheckQuiet(); }
            if (end.IsFull) { throw new HistoryException("everything has left, and whoever waits for room in the outbox is not woken."); }
        }
    }

    private void Gather()
    {
        Statistics.MessagesUp.Add((int)_histories.Where(static pair => pair.Key.FromClient).Sum(static pair => pair.Value.AcceptedCount));
        Statistics.MessagesDown.Add((int)_histories.Where(static pair => !pair.Key.FromClient).Sum(static pair => pair.Value.AcceptedCount));
        Statistics.Replaced.Add(Count(SendOutcome.Replaced));
        Statistics.Expired.Add(Count(SendOutcome.Expired));
        Statistics.Failed.Add(Count(SendOutcome.Failed));
        Statistics.NotSent.Add(Count(SendOutcome.NotSent));
        Statistics.Unknown.Add(Count(SendOutcome.Unknown));
        Statistics.CreditUsedUp.Add(_histories.Values.Sum(static history => history.Credit!.UsedUp));
        Statistics.MutualWaits.Add(MutualWaits);
        Statistics.Faults.Add(_faults);
        Statistics.Cycles.Add(_clients.Sum(static client => client.CyclesDone));
        Statistics.Resumes.Add(_resumes);
        Statistics.Sessions.Add(_histories.Count / 2);
    }

    private int Count(SendOutcome outcome) => _histories.Values.Sum(history => history.Outcomes[(int)outcome]);
}
