using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Fuzz;

/// <summary>
/// A client and a server, both the real machines with the real codec, in virtual time, and somebody between them who changes, drops, repeats, swaps and makes up
/// what passes: for each end, the other one is hostile, and still says enough that makes sense to lead it everywhere.
/// </summary>
internal sealed class Conversation : FuzzCase
{
    /// <summary>The longest message that the applications send, in bytes.</summary>
    internal const int MessageBytesMax = 40_000;

    /// <summary>What one step may cost: that of reading its message, and what the machines do about it.</summary>
    private const long StepBytesMax = 8 * 1024 * 1024;

    private const int StepsMax = 300;
    private static readonly object s_token = new();
    private readonly FuzzSettings _settings;
    private readonly Chance _chance;
    private readonly SeededJitter _jitter;
    private readonly WireEncoding _encoding;
    private readonly double _hostility;
    private readonly ClientSettings _clientBounds;
    private readonly SessionSettings _serverBounds;
    private readonly ClientMachine _client;
    private readonly SessionDirectory<FuzzEnd> _directory = new(new DirectoryLimits { SessionsPerOwnerMax = 8, DetachedPerOwnerMax = 3 }, static end => end.Machine.HighestEpoch);
    private readonly FrameForge _forge;
    private readonly List<FuzzEnd> _ends = [];
    private readonly List<FuzzLine> _lines = [];
    private Instant _now;

    internal Conversation(ulong seed, FuzzSettings settings)
        : this(seed, settings, encoding: null, hostility: null) { }

    /// <param name="seed">Decides everything.</param>
    /// <param name="settings">What all cases share.</param>
    /// <param name="encoding">The encoding; null lets the seed decide.</param>
    /// <param name="hostility">The share of messages that is tampered with; null lets the seed decide.</param>
    internal Conversation(ulong seed, FuzzSettings settings, WireEncoding? encoding, double? hostility)
    {
        (_settings, _chance) = (settings, new Chance(seed));
        _jitter = new SeededJitter(_chance.Bits());
        _encoding = encoding ?? _chance.Pick(WireEncoding.Json, WireEncoding.Binary);
        _hostility = hostility ?? _chance.Pick(0.02, 0.1, 0.3, 0.7);
        _clientBounds = new ClientSettings { Session = Bounds(), StopsWhenRefused = _chance.Flip(), RacesOnSuspicion = _chance.Flip() };
        _serverBounds = Bounds();
        _client = new ClientMachine(_clientBounds, _chance.Id, _jitter);
        _forge = new FrameForge(_chance) { Prove = epoch => _client.Session?.Prove(epoch) ?? string.Empty };
    }

    internal override FuzzTarget Target => FuzzTarget.Session;

    /// <summary>Gets or sets who hears each message as it was before it is tampered with, and whether it is for the server; null for nobody.</summary>
    internal Action<bool, byte[]>? Record { get; set; }

    /// <summary>Gets the clauses of which a breach has ended a session.</summary>
    internal HashSet<string> ClausesBroken { get; } = [];

    internal override void Run()
    {
        _client.Start(_now);
        DriveAll();
        for (int step = 0; step < StepsMax && _client.State is not ClientState.Closed; step++) { Bounded(StepBytesMax, Step); }
        foreach (FuzzEnd end in _ends)
        {
            end.Machine.Abandon(CloseCode.Closed, "The conversation is over.");
            Drive(end);
            end.Release();
        }
    }

    private void Step()
    {
        switch (_chance.Below(100))
        {
            case < 55:
                Deliver();
                break;
            case < 68:
                Send();
                break;
            case < 82:
                foreach (FuzzEnd end in _ends.ToArray()) { end.FinishHandler(_now); }
                break;
            case < 90:
                Pass(_chance.Pick(NextDeadline.Since(_now), TimeSpan.FromMilliseconds(_chance.Below(100)), TimeSpan.FromMilliseconds(_chance.Below(4000))));
                break;
            case < 94 when _chance.Is(_hostility):
                Inject();
                break;
            case < 96:
                Cut();
                break;
            case < 98:
                Command();
                break;
            default:
                Pass(TimeSpan.FromMilliseconds(1));
                break;
        }
        DriveAll();
    }

    private Instant NextDeadline
    {
        get
        {
            Instant at = _client.NextDeadline;
            foreach (FuzzEnd end in _ends) { at = Instant.Earlier(at, end.Machine.NextDeadline); }
            return at == Instant.Never ? _now : at;
        }
    }

    // ---- Messages

    private void Deliver()
    {
        if (PickWaiting() is not ({ } line, var toServer)) { return; }
        Queue<byte[]?> queue = line.Towards(toServer);
        byte[]? message = queue.Dequeue();
        if (message is null)
        {
            Lose(line, toServer, CloseCode.Lost);
            return;
        }
        Record?.Invoke(toServer, message);
        if (!_chance.Is(_hostility))
        {
            Give(line, toServer, message);
            return;
        }
        switch (_chance.Below(8))
        {
            case 0:
                break;                                             // Dropped.
            case 1:
                Give(line, toServer, message);
                Give(line, toServer, message);
                break;
            case 2:
                queue.Enqueue(message);                            // Overtaken.
                break;
            case 3:
                Give(line, toServer, ByteMutator.Mutate(message, _settings.Corpus.Pick(_encoding, _chance), _chance));
                break;
            case 4:
                Give(line, toServer, _settings.Corpus.Pick(_encoding, _chance));
                break;
            default:
                Give(line, toServer, Forged(message));
                break;
        }
    }

    private (FuzzLine? Line, bool ToServer) PickWaiting()
    {
        for (int tries = 4; tries > 0 && _lines.Count > 0; tries--)
        {
            FuzzLine line = _lines[_chance.Below(_lines.Count)];
            bool toServer = _chance.Flip();
            if (line.Towards(toServer).Count > 0) { return (line, toServer); }
        }
        return default;
    }

    private byte[] Forged(byte[] message)
    {
        if (Frames.Copy(_encoding, message) is not { } frames) { return message; }
        _forge.Change(frames);
        return Frames.Write(_encoding, frames);
    }

    private void Inject()
    {
        if (_lines.Count == 0) { return; }
        FuzzLine line = _lines[_chance.Below(_lines.Count)];
        bool toServer = _chance.Flip();
        long near = (toServer ? line.ServerEnd : line.ClientEnd)?.Machine.Received + 1 ?? 1;
        Give(line, toServer, Frames.Write(_encoding, Enumerable.Range(0, 1 + _chance.Below(4)).Select(_ => _forge.Make(near))));
    }

    private void Give(FuzzLine line, bool toServer, byte[] message)
    {
        Inputs++;
        Tell?.Invoke($"{_now} {(toServer ? "up" : "down")} {line.Epoch} {Show(message)}");
        if (toServer)
        {
            if (line.ServerEnd is not { } server || !server.Lines.Contains(line)) { return; }
            server.Receive(line, message, skip: 0, _now);
            Drive(server);
        }
        else if (line.ClientEnd is { } client)
        {
            client.Receive(line, message, skip: 0, _now);
            Drive(client);
        }
        else if (!line.HasEndedAtClient) { Welcome(line, message); }
    }

    private string Show(byte[] message) => _encoding == WireEncoding.Json ? System.Text.Encoding.UTF8.GetString(message) : Convert.ToHexString(message);

    // ---- Dials

    private void Dial(DialRequest request)
    {
        Hello hello = request.Hello;
        bool isHostile = _chance.Is(_hostility);
        if (isHostile) { hello = _forge.Change(hello); }
        byte[] message = Frames.Write(WireEncoding.Json, [new Frame { Type = FrameType.Hello, Body = hello }]);
        Inputs++;
        Tell?.Invoke($"{_now} dial {request.Epoch} {System.Text.Encoding.UTF8.GetString(message)}");
        if (_chance.Is(0.05 + (_hostility / 10)) || !JsonFrameReader.TryReadHelloHeader(System.Buffers.Text.Base64Url.EncodeToString(message), out Hello? read))
        {
            DialFailed(request.Epoch, new DialFailure(_chance.Pick(DialFailureKind.Http, DialFailureKind.Network, DialFailureKind.Timeout), "no")
            {
                HttpStatus = _chance.Pick<int?>(null, 401, 403, 429, 500, 503),
                RetryAfter = _chance.Pick<TimeSpan?>(null, null, TimeSpan.Zero, TimeSpan.FromHours(1)),
            });
            return;
        }
        var line = new FuzzLine(request.Epoch) { ServerEpoch = read!.Epoch };
        _lines.Add(line);
        Admit(line, read, isHostile && _chance.Is(0.1) ? "another" : "somebody");
    }

    private void Admit(FuzzLine line, Hello hello, string principal)
    {
        TimeSpan timeout = TimeSpan.FromMilliseconds(Math.Clamp(hello.Timeout.TotalMilliseconds, 1000, 300_000));
        var terms = new TransportTerms(timeout, TimeSpan.FromMilliseconds(_chance.Below(1000)), _chance.Is(0.1) ? TimeSpan.FromSeconds(_chance.Below(30)) : null);
        switch (_directory.Judge(hello, principal))
        {
            case AdmissionVerdict<FuzzEnd>.GoOn goOn:
                bool isTaken = goOn.Session.Machine.Admit(hello, terms, _now) is not { } violation || Refuse(line, violation);
                if (isTaken) { Attach(line, goOn.Session); }
                Drive(goOn.Session);
                break;
            case AdmissionVerdict<FuzzEnd>.Begin begin:
                begin.Superseded?.Machine.Abandon(CloseCode.Superseded, "Another client has presented the same instance.");
                if (begin.Superseded is { } older) { Drive(older); }
                var id = new SessionId(_chance.Id());
                var machine = SessionMachine.Accept(id, _chance.Bytes(ResumeProof.SecretBytes), hello, terms, begin.Refusal, _serverBounds, _jitter, _now);
                var end = new FuzzEnd(machine, _encoding, _serverBounds, _settings, isClient: false);
                _directory.Add(end, id, hello.Instance, principal);
                _ends.Add(end);
                Attach(line, end);
                Drive(end);
                break;
            case AdmissionVerdict<FuzzEnd>.Refuse refuse:
                Refuse(line, refuse.Violation);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <returns>False: the line does not belong to the session.</returns>
    private bool Refuse(FuzzLine line, Violation violation)
    {
        line.TryEnd(atServer: true);
        line.TryEnd(atServer: false);
        DialFailed(line.Epoch, new DialFailure(DialFailureKind.Closed, violation.Reason) { Code = violation.Code });
        return false;
    }

    private static void Attach(FuzzLine line, FuzzEnd end)
    {
        line.ServerEnd = end;
        end.Lines.Add(line);
    }

    /// <summary>The first message of a server: a welcome, or the dial has failed.</summary>
    private void Welcome(FuzzLine line, byte[] message)
    {
        var frames = new FrameBatch();
        Violation? violation = WireEncodings.NewReader(_encoding).Read(message, _encoding == WireEncoding.Json, frames);
        SessionMachine? machine = null;
        if (violation is null && frames[0].Body is Welcome welcome) { machine = _client.Welcomed(line.Epoch, welcome, TimeSpan.FromMilliseconds(_chance.Below(50)), _now); }
        else { DialFailed(line.Epoch, new DialFailure(DialFailureKind.Protocol, "no welcome")); }
        if (machine is null)
        {
            line.TryEnd(atServer: false);
            return;
        }
        FuzzEnd? end = _ends.Find(known => known.Machine == machine);
        if (end is null) { _ends.Add(end = new FuzzEnd(machine, _encoding, _clientBounds.Session, _settings, isClient: true)); }
        line.ClientEnd = end;
        end.Lines.Add(line);
        end.Receive(line, message, skip: 1, _now);
        Drive(end);
    }

    private void DialFailed(long epoch, DialFailure failure) => _client.DialFailed(epoch, failure, _now);

    // ---- What else happens

    private void Send()
    {
        if (_ends.Count == 0) { return; }
        FuzzEnd end = _ends[_chance.Below(_ends.Count)];
        int length = _chance.Is(0.9) ? _chance.Below(120) : _hostility == 0 ? 0 : _chance.Below(MessageBytesMax);
        var message = new OutgoingMessage
        {
            Lane = (Lane)_chance.Below(LaneMarks.LaneCount),
            Kind = (byte)_chance.Below(3),
            MayWait = _chance.Flip(),
            Token = _chance.Flip() ? s_token : null,
            CompleteWhen = _chance.Pick(CompleteWhen.Processed, CompleteWhen.Received),
            ExpiresAfter = _chance.Is(0.2) ? TimeSpan.FromMilliseconds(1 + _chance.Below(3000)) : null,
            Key = _chance.Is(0.1) ? _chance.Pick("a", "b") : null,
        };
        end.Send(_chance.Flip() ? message with { Text = new string('ä', length / 2) } : message with { Bytes = new byte[length] }, _now);
    }

    private void Pass(TimeSpan time)
    {
        _now += time > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : time;
        foreach (FuzzEnd end in _ends.ToArray()) { end.Tick(_now, Note); }
    }

    private void Cut()
    {
        if (_lines.Count == 0) { return; }
        FuzzLine line = _lines[_chance.Below(_lines.Count)];
        bool isHostile = _chance.Is(_hostility);
        CloseCode code = isHostile ? (CloseCode)(_chance.Flip() ? 4000 + _chance.Below(1000) : 1000 + _chance.Below(16)) : CloseCode.Lost;
        Lose(line, atServer: _chance.Flip(), code);
    }

    private void Command()
    {
        FuzzEnd? end = _ends.Count == 0 ? null : _ends[_chance.Below(_ends.Count)];
        switch (_chance.Below(8))
        {
            case 0: _client.NetworkChanged(_now); break;
            case 1: _client.RequestCycle("request", _now); break;
            case 2: _client.Pause(_now); break;
            case 3: _client.Wake(_now); break;
            case 4 when end is { IsClient: false }: end.Machine.AskToCycle(new CycleRequest("drain", TimeSpan.FromSeconds(_chance.Below(3)))); break;
            case 5 when end is { IsClient: false }: end.Machine.Announce(new Terms(TimeSpan.FromSeconds(1), _chance.Flip() ? TimeSpan.FromSeconds(5) : null), _now); break;
            case 6 when _chance.Is(0.3): end?.Machine.BeginClose(new CloseNotice(CloseCode.Draining, "enough"), _chance.Flip(), giveUpAfter: null, _now); break;
            case 7 when _chance.Is(0.1): _client.BeginClose(new CloseNotice(CloseCode.Closed, "done"), _chance.Flip(), TimeSpan.FromSeconds(5), _now); break;
            default: _client.Wake(_now); break;
        }
    }

    private void Lose(FuzzLine line, bool atServer, CloseCode code)
    {
        FuzzEnd? end = atServer ? line.ServerEnd : line.ClientEnd;
        if (!line.TryEnd(atServer)) { return; }
        Tell?.Invoke($"{_now} lost {line.Epoch} at the {(atServer ? "server" : "client")}: {code}");
        if (!atServer && end is null) { DialFailed(line.Epoch, new DialFailure(DialFailureKind.Closed, "closed") { Code = code }); }
        end?.Machine.TransportLost(end.EpochOf(line), code, "closed", _now);
        if (end is not null) { Drive(end); }
    }

    // ---- Driving

    private void DriveAll()
    {
        for (int dials = 0; ; dials++)
        {
            foreach (FuzzEnd end in _ends.ToArray()) { Drive(end); }
            while (_client.TryTake(out _)) { }
            if (!_client.TryBeginDial(_now, out DialRequest? request)) { break; }
            if (dials == 16) { throw new FuzzException("The client dials without a pause."); }
            Dial(request!);
        }
        _lines.RemoveAll(static line => line.IsOver);
        foreach (FuzzEnd over in _ends.FindAll(static end => end.IsOver))
        {
            over.Release();
            _ends.Remove(over);
        }
    }

    private void Drive(FuzzEnd end) => end.Drive(_now, Note);

    private void Note(FuzzEnd end, SessionOutput output)
    {
        Tell?.Invoke($"{_now} {(end.IsClient ? "client" : "server")} {output}");
        if (output is SessionOutput.CloseTransport close) { end.Lines.Find(line => end.EpochOf(line) == close.Epoch)?.TryEnd(atServer: !end.IsClient); }
        if (output is SessionOutput.Ended && end.Violation is { } violation) { ClausesBroken.Add(violation.Clause); }
        if (end.IsClient) { _client.SessionSaid(end.Machine, output, _now); }
        else { NoteAtServer(end, output); }
    }

    private void NoteAtServer(FuzzEnd end, SessionOutput output)
    {
        switch (output)
        {
            case SessionOutput.OutageBegan:
                foreach (FuzzEnd evicted in _directory.Detached(end.Machine.Id).Select(static one => one.Session))
                {
                    evicted.Machine.Abandon(CloseCode.SessionLost, "Too many sessions wait for their client.");
                    if (evicted != end) { Drive(evicted); }
                }
                break;
            case SessionOutput.Resumed:
                _directory.Attached(end.Machine.Id);
                break;
            case SessionOutput.Ended:
                _directory.Remove(end.Machine.Id);
                break;
            default:
                break;
        }
    }

    private SessionSettings Bounds()
    {
        int messageMax = _chance.Pick(512, 4_096, MessageBytesMax);
        int window = _chance.Pick(1, 4, 64);
        return new SessionSettings
        {
            Timeout = TimeSpan.FromSeconds(_chance.Pick(1, 5)),
            MessageBytesMax = messageMax,
            WindowMessages = window,
            WindowMessagesMax = window * _chance.Pick(1, 4),
            WindowBytes = messageMax * _chance.Pick(1, 2),
            WindowBytesMax = messageMax * _chance.Pick(2, 4),
            OutboxMessagesMax = 20,
            OutboxBytesMax = 64 * 1024,
            LedgerPiecesMax = _chance.Pick(4, 64),
            LedgerBytesMax = 64 * 1024,
            SlowConsumerAfter = TimeSpan.FromSeconds(_chance.Pick(1, 10)),
            SlowConsumers = _chance.Pick(SlowConsumers.Wait, SlowConsumers.Disconnect),
            ReassemblyTimeout = TimeSpan.FromSeconds(_chance.Pick(1, 30)),
            ResumeWindow = TimeSpan.FromSeconds(_chance.Pick(0, 2, 120)),
            CloseGiveUp = TimeSpan.FromSeconds(10),
        };
    }
}
