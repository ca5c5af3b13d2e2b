using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>One end of a session with its driver: takes what the machine puts out, lets handlers run one at a time.</summary>
internal sealed class SimSession
{
    private readonly JsonFrameReader _reader = new();
    private readonly ISimWorld _world;
    private readonly JsonFrameWriter _writer = new();
    private readonly FrameBatch _frames = new();
    private readonly FrameBatch _written = new();
    private readonly Dictionary<long, TimeSpan> _ways = [];
    private InboundMessage _handling;
    private InboundMessage? _lastHandled;
    private bool _forgetsNext;
    private bool _isRefused;
    private int _canaryCredit;

    internal SimSession(ISimWorld world, SessionMachine machine, SessionSettings settings, bool isClient)
    {
        (_world, Machine, IsClient) = (world, machine, isClient);
        Outgoing = world.HistoryOf(machine.Id.ToString(), isClient);
        Incoming = world.HistoryOf(machine.Id.ToString(), !isClient);
        Incoming.Credit?.Begin(settings);
        Outgoing.TellsFailures = Incoming.TellsFailures = machine.PeerHas(Features.Failed);
    }

    internal SessionMachine Machine { get; }

    internal bool IsClient { get; }

    internal bool IsBusy { get; private set; }

    /// <summary>Whether nothing is left to do: it is over, or everything that was accepted is processed.</summary>
    internal bool IsQuiet =>
        Machine.State is SessionState.Ended || (Machine.State is SessionState.Online && Machine.IsSettled && !IsBusy && Machine.InboxMessages == 0);

    /// <summary>The message that a handler is busy with.</summary>
    internal ref readonly InboundMessage Handling => ref _handling;

    /// <summary>Whether a message was refused for want of room, and room has not been announced since.</summary>
    internal bool IsFull => _isRefused && !Machine.HasRoom;

    internal History Outgoing { get; }

    internal History Incoming { get; }

    internal List<SimLink> Links { get; } = [];

    /// <summary>Sends a message; its text is made here.</summary>
    internal AcceptResult Send(OutgoingMessage message, int bytes, bool isText, out long id)
    {
        string text = History.Text(Outgoing.AcceptedCount + 1, bytes);
        message = isText ? message with { Text = text } : message with { Bytes = System.Text.Encoding.UTF8.GetBytes(text) };
        AcceptResult result = Machine.Accept(in message, _world.Now, out id);
        _isRefused = result == AcceptResult.Full;
        if (result != AcceptResult.Accepted) { return result; }
        Outgoing.Accepted(id, new Promise(message.Lane, bytes)
        {
            Awaits = message.Token is null ? null : message.CompleteWhen,
            Kind = message.Kind,
            Key = message.Key,
            AcceptedAt = _world.Now,
            Life = message.ExpiresAfter,
        });
        return result;
    }

    /// <summary>Takes a message back, if nothing of it has left.</summary>
    internal bool TryWithdraw(long id)
    {
        if (!Machine.TryWithdraw(id, _world.Now)) { return false; }
        Outgoing.Withdrawn(id);
        return true;
    }

    /// <summary>Reads one message that came in on a link.</summary>
    internal void Receive(SimLink link, SimLink.Packet packet)
    {
        Violation? violation = _reader.Read(packet.Message, isText: true, _frames);
        if (violation is not null)
        {
            throw new HistoryException($"unreadable: {violation.Reason} {System.Text.Encoding.UTF8.GetString(packet.Message)}");
        }
        for (int i = 0; i < _frames.Count; i++)
        {
            Frame frame = _frames[i];
            if (frame.Body is Welcome welcome) { Outgoing.Credit?.Tell(welcome.Credit); }
            if (frame.Type is FrameType.Welcome or FrameType.Hello) { continue; }
            if (_canaryCredit != 0 && frame.Body is Ack ack) { frame = frame with { Body = ack with { Credit = ack.Credit with { Messages = ack.Credit.Messages + _canaryCredit } } }; }
            Saw(link, in frame, packet);
            Machine.FrameReceived(link.Epoch, in frame, _world.Now);
        }
    }

    /// <summary>The handler has finished, or has thrown.</summary>
    internal void HandlerFinished(bool throws = false)
    {
        IsBusy = false;
        _lastHandled = _handling;
        if (!_forgetsNext) { Incoming.Finished(in _handling, throws); }
        bool isForgotten = _world.Canary == Canary.ForgetsFinished && !IsClient && Incoming.HandledCount == 20;
        bool hasFailed = throws != (_world.Canary == Canary.MistakesFailures && !IsClient && Incoming.HandledCount % 20 == 0);
        if (!isForgotten) { Machine.Finished(in _handling, _world.Now, hasFailed); }
    }

    /// <summary>Does what the machine wants done.</summary>
    internal void Drive(Action<SessionOutput> pass)
    {
        bool isMoving = true;
        while (isMoving)
        {
            isMoving = TryTell() | TryAct(pass);
            isMoving |= TryWrite() | TryHandle();
            isMoving |= TryTell() | TryAct(pass);                  // What expires when it is taken has an outcome, and may end a session that closes.
        }
    }

    internal void AppendTo(StateDigest digest)
    {
        digest.Add(IsBusy, _forgetsNext, _world.Canary == Canary.RepeatsOnResume && _lastHandled is not null);
        if (IsBusy) { _handling.AppendTo(digest); }
        if (_world.Canary == Canary.RepeatsOnResume) { _lastHandled?.AppendTo(digest); }
        foreach (SimLink link in Links) { digest.Add(link.Epoch); }
        Machine.AppendTo(digest);
    }

    private void Saw(SimLink link, in Frame frame, SimLink.Packet packet)
    {
        TransportRole? role = Machine.RoleOf(link.Epoch);
        _world.SawInput(Machine.State, role, frame.Type, IsClient);
        if (role is null) { return; }
        if (frame.Body is Ack ack) { Outgoing.Credit?.Tell(ack.Credit); }
        if (frame.Type == FrameType.Data && frame.Life is not null) { _ways.TryAdd(frame.Number, _world.Now.Since(packet.SentAt)); }
    }

    private void Do(SessionOutput output)
    {
        _world.Saw(output, IsClient);
        switch (output)
        {
            case SessionOutput.CloseTransport close when Links.Find(link => link.Epoch == close.Epoch) is { } link:
                Links.Remove(link);
                link.Close(IsClient, close.Code);
                _world.Sent(link, IsClient);
                break;
            case SessionOutput.OutageBegan when _world.Canary == Canary.ForgetsOnLoss && IsClient:
                _forgetsNext = true;
                break;
            case SessionOutput.Resumed when _world.Canary == Canary.RepeatsOnResume && !IsClient && _lastHandled is { } last:
                Incoming.Handled(in last, leftAt: default);
                break;
            case SessionOutput.Resumed when IsClient:
                _canaryCredit = _world.Canary switch { Canary.LosesCredit => -1, Canary.ReturnsCreditTwice => 1, _ => 0 };
                break;
            case SessionOutput.Ended ended:
                if (ended.Violation is { } violation) { throw new HistoryException($"{(IsClient ? "client" : "server")}: a violation: {violation.Clause} {violation.Reason}"); }
                Outgoing.Ended(ended.Unfinished, Machine.Dropped, _world.Now);
                break;
            default:
                break;
        }
    }

    private bool TryTell()
    {
        bool isTold = false;
        for (; Machine.TryTakeOutcome(out MessageOutcome outcome); isTold = true) { Outgoing.Told(outcome.Id, outcome.Outcome, _world.Now); }
        return isTold;
    }

    private bool TryAct(Action<SessionOutput> pass)
    {
        bool hasActed = false;
        for (; Machine.TryTake(out SessionOutput? output); hasActed = true)
        {
            Do(output!);
            pass(output!);
        }
        return hasActed;
    }

    private bool TryWrite()
    {
        bool wrote = false;
        foreach (SimLink link in Links.ToArray())
        {
            while (_world.MayWrite(link) && Machine.WantsToWrite(link.Epoch, _world.Now) && Machine.Fill(link.Epoch, _writer, _world.Now))
            {
                var packet = new SimLink.Packet(_writer.End().ToArray(), Code: null) { SentAt = _world.Now };
                Audit(packet.Message);
                link.Send(IsClient, packet);
                _world.Sent(link, IsClient);
                wrote = true;
            }
        }
        return wrote;
    }

    /// <summary>Reads what was written, as a third party on the wire does, and keeps the books of both directions.</summary>
    private void Audit(byte[] message)
    {
        if (Outgoing.Credit is not { } sent || Incoming.Credit is not { } given) { return; }
        _reader.Read(message, isText: true, _written);
        for (int i = 0; i < _written.Count; i++)
        {
            ref readonly Frame frame = ref _written[i];
            if (frame.Type == FrameType.Data) { sent.Send(in frame); }
            else if (frame.Body is Ack ack) { given.Give(ack.Credit); }
            else if (frame.Body is Welcome welcome) { given.Give(welcome.Credit); }
        }
    }

    private bool TryHandle()
    {
        if (IsBusy || !Machine.TryTakeMessage(_world.Now, out _handling)) { return false; }
        IsBusy = true;
        if (_forgetsNext) { _forgetsNext = false; }
        else { Incoming.Handled(in _handling, _world.Now - _ways.GetValueOrDefault(_handling.Number)); }
        _world.HandlerBegan(this);
        return true;
    }
}
