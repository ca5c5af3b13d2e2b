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
    private InboundMessage _handling;
    private InboundMessage? _lastHandled;
    private bool _forgetsNext;

    internal SimSession(ISimWorld world, SessionMachine machine, bool isClient)
    {
        (_world, Machine, IsClient) = (world, machine, isClient);
        Outgoing = world.HistoryOf(machine.Id.ToString(), isClient);
        Incoming = world.HistoryOf(machine.Id.ToString(), !isClient);
    }

    internal SessionMachine Machine { get; }

    internal bool IsClient { get; }

    internal bool IsBusy { get; private set; }

    /// <summary>Whether nothing is left to do: it is over, or everything that was accepted is processed.</summary>
    internal bool IsQuiet =>
        Machine.State is SessionState.Ended || (Machine.State is SessionState.Online && Machine.IsSettled && !IsBusy && Machine.InboxMessages == 0);

    internal History Outgoing { get; }

    internal History Incoming { get; }

    internal List<SimLink> Links { get; } = [];

    internal bool Send(Lane lane, int bytes, bool isText, CompleteWhen when, bool isAwaited, bool mayWait)
    {
        long next = Outgoing.AcceptedCount + 1;
        string text = History.Text(next, bytes);
        var message = new OutgoingMessage
        {
            Text = isText ? text : null,
            Bytes = isText ? default : System.Text.Encoding.UTF8.GetBytes(text),
            Lane = lane,
            CompleteWhen = when,
            Token = isAwaited ? this : null,
            MayWait = mayWait,
        };
        AcceptResult result = Machine.Accept(in message, _world.Now, out long id);
        if (result != AcceptResult.Accepted) { return false; }
        Outgoing.Accepted(id, lane, bytes, isAwaited ? when : null);
        return true;
    }

    /// <summary>Reads one message that came in on a link.</summary>
    internal void Receive(SimLink link, byte[] message)
    {
        Violation? violation = _reader.Read(message, isText: true, _frames);
        if (violation is not null)
        {
            throw new HistoryException($"unreadable: {violation.Reason} {System.Text.Encoding.UTF8.GetString(message)}");
        }
        for (int i = 0; i < _frames.Count; i++)
        {
            ref readonly Frame frame = ref _frames[i];
            if (frame.Type is FrameType.Welcome or FrameType.Hello) { continue; }
            Saw(link, frame.Type);
            Machine.FrameReceived(link.Epoch, in frame, _world.Now);
        }
    }

    internal void HandlerFinished()
    {
        IsBusy = false;
        _lastHandled = _handling;
        if (!_forgetsNext) { Incoming.Finished(in _handling); }
        Machine.Finished(in _handling, _world.Now);
    }

    /// <summary>Does what the machine wants done.</summary>
    internal void Drive(Action<SessionOutput> pass)
    {
        bool isMoving = true;
        while (isMoving)
        {
            isMoving = false;
            while (Machine.TryTakeOutcome(out MessageOutcome outcome)) { Outgoing.Told(outcome.Id, outcome.Outcome); }
            while (Machine.TryTake(out SessionOutput? output))
            {
                isMoving = true;
                Do(output!);
                pass(output!);
            }
            isMoving |= TryWrite() | TryHandle();
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

    private void Saw(SimLink link, FrameType type) => _world.SawInput(Machine.State, Machine.RoleOf(link.Epoch), type, IsClient);

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
                Incoming.Handled(in last);
                break;
            case SessionOutput.Ended ended:
                if (ended.Violation is { } violation) { throw new HistoryException($"{(IsClient ? "client" : "server")}: a violation: {violation.Clause} {violation.Reason}"); }
                Outgoing.Ended(ended.Unfinished);
                break;
            default:
                break;
        }
    }

    private bool TryWrite()
    {
        bool wrote = false;
        foreach (SimLink link in Links.ToArray())
        {
            while (_world.MayWrite(link) && Machine.WantsToWrite(link.Epoch, _world.Now) && Machine.Fill(link.Epoch, _writer, _world.Now))
            {
                link.Send(IsClient, _writer.End().ToArray());
                _world.Sent(link, IsClient);
                wrote = true;
            }
        }
        return wrote;
    }

    private bool TryHandle()
    {
        if (IsBusy || !Machine.TryTakeMessage(_world.Now, out _handling)) { return false; }
        IsBusy = true;
        if (_forgetsNext) { _forgetsNext = false; }
        else { Incoming.Handled(in _handling); }
        _world.HandlerBegan(this);
        return true;
    }
}
