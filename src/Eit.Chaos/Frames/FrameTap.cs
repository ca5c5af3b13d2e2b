using System.Buffers.Binary;
using System.Text;
using Eit.Chaos.Faults;
using Eit.Chaos.Flows;

namespace Eit.Chaos.Frames;

/// <summary>Reads one direction of a connection as HTTP and then as a WebSocket, and does to Eit's frames what the rules say. What it does not understand passes unchanged.</summary>
internal sealed class FrameTap(ChaosConnection connection, ChaosDirection direction, Upgrade upgrade)
{
    private const int MessageBytesMax = 1024 * 1024;
    private const int CloseReasonAt = 2;

    /// <summary>Any mask will do between a proxy and a server.</summary>
    private const uint CloseMask = 0x5EED_5EED;

    private readonly List<byte> _message = [];
    private byte[] _held = [];
    private int _messageBytes;
    private int _opcode;
    private State _state = State.Head;

    private enum State
    {
        Head,
        Frames,
        Unread,
        Discarding,
    }

    private bool IsUpward => direction == ChaosDirection.Up;

    /// <summary>Takes what has come, and puts what is to leave into the flow.</summary>
    internal void Read(ReadOnlySpan<byte> bytes)
    {
        _held = [.. _held, .. bytes];
        while (TryStep()) { }
    }

    /// <summary>Lets what is incomplete pass: nothing follows that could complete it.</summary>
    internal void End()
    {
        if (_state != State.Discarding) { TryPass(_held.Length); }
    }

    private bool TryStep() => _state switch
    {
        State.Head => TryHead(),
        State.Frames => TryFrame(),
        State.Unread => TryPass(_held.Length),
        State.Discarding => TryDiscard(),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private bool TryHead()
    {
        if (_held.Length == 0) { return false; }
        if (IsUpward && upgrade.IsDone) { return GoTo(State.Frames); }
        bool mayBeHead = IsUpward ? HttpHead.MayBeGet(_held) && !upgrade.IsAsked : upgrade.IsAsked;
        if (!mayBeHead) { return GoTo(State.Unread); }
        int length = HttpHead.LengthOf(_held);
        if (length < 0) { return _held.Length > HttpHead.BytesMax && GoTo(State.Unread); }
        byte[] head = Take(length);
        if (IsUpward)
        {
            upgrade.IsAsked = HttpHead.TryReadRequest(head, out byte[] request);
            Leave(request);
            return upgrade.IsAsked || GoTo(State.Unread);
        }
        upgrade.IsDone = HttpHead.TryReadAnswer(head, out byte[] answer);
        Leave(answer);
        return GoTo(upgrade.IsDone ? State.Frames : State.Unread);
    }

    private bool TryFrame()
    {
        int at = _messageBytes;                                    // Behind the parts of a message whose end has not come.
        if (!WebSocketFrame.TryRead(_held.AsSpan(at), out WebSocketFrame frame)) { return false; }
        if (!frame.IsPlain || at + frame.Length > MessageBytesMax)
        {
            connection.Note(ChaosEventKind.Noted, $"Frames {FaultFields.Format(direction)} are no longer read: {(frame.IsPlain ? "a message is larger than 1 MiB" : "an extension of WebSocket is in use")}.");
            return GoTo(State.Unread);
        }
        if (_held.Length < at + frame.Length) { return false; }
        if (frame.IsControl) { return TakeControl(at, (int)frame.Length); }
        if (frame.Opcode != 0) { _opcode = frame.Opcode; }
        byte[] payload = _held[(at + frame.PayloadAt)..(int)(at + frame.Length)];
        if (frame.Mask is { } mask) { WebSocketFrame.Apply(mask, payload); }
        _message.AddRange(payload);
        _messageBytes = (int)(at + frame.Length);
        if (!frame.IsFinal) { return true; }
        byte[] message = [.. _message];
        byte[] raw = Take(_messageBytes);
        _message.Clear();
        _messageBytes = 0;
        Decide(raw, message, frame.Mask);
        return true;
    }

    /// <summary>Lets a control frame pass; it may stand between the parts of a message, and so may overtake them.</summary>
    private bool TakeControl(int at, int length)
    {
        byte[] control = _held[at..(at + length)];
        _held = [.. _held.AsSpan(0, at), .. _held.AsSpan(at + length)];
        Leave(control);
        return true;
    }

    private void Decide(byte[] raw, byte[] message, uint? mask)
    {
        (HitFault Hit, FrameCount Count)[] rules = RulesOf(connection.Faults);
        if (rules.Length == 0 || !EitFrame.TrySplit(message, _opcode == WebSocketFrame.OpcodeText, out List<EitFrame> frames))
        {
            Leave(raw);
            return;
        }
        List<EitFrame> leaving = [];
        TimeSpan delay = TimeSpan.Zero;
        bool isTouched = false;
        foreach (EitFrame frame in frames)
        {
            (HitFault Hit, FrameFault Rule)? due = DueRule(rules, frame);
            FrameAction? action = due?.Rule.Action;
            isTouched |= action is not null;
            if (action == FrameAction.Close)
            {
                LeaveMessage(leaving, mask, delay);
                AnswerWithClose(due!.Value.Rule, due.Value.Hit.Active.Name);
                return;
            }
            if (action != FrameAction.Drop) { leaving.Add(frame); }
            if (action == FrameAction.Duplicate) { leaving.Add(frame); }
            if (action == FrameAction.Delay) { delay += due!.Value.Rule.Delay; }
            if (action != FrameAction.Cut) { continue; }
            LeaveCut(leaving, mask, delay, due!.Value.Rule, due.Value.Hit.Active.Name);
            return;
        }
        if (isTouched) { LeaveMessage(leaving, mask, delay); }
        else { Leave(raw); }
    }

    private (HitFault Hit, FrameCount Count)[] RulesOf(FaultSet set)
    {
        List<(HitFault Hit, FrameCount Count)> rules = [];
        foreach (HitFault hit in set.Of(direction))
        {
            if ((IsUpward ? hit.Up : hit.Down) is FrameCount count) { rules.Add((hit, count)); }
        }
        return [.. rules];
    }

    /// <summary>Counts a frame with every rule, and gives the first rule that acts.</summary>
    private (HitFault Hit, FrameFault Rule)? DueRule((HitFault Hit, FrameCount Count)[] rules, EitFrame frame)
    {
        (HitFault Hit, FrameFault Rule)? due = null;
        foreach ((HitFault hit, FrameCount count) in rules)
        {
            if (!count.IsDue(frame.Type) || due is not null || !hit.Active.TryAct(count.Rule.Times)) { continue; }
            due = (hit, count.Rule);
            connection.Note(ChaosEventKind.Acted, $"{hit.Active.Name}: {FaultFields.Format(frame.Type)} {FaultFields.Format(direction)}, {FaultFields.Format(count.Rule.Action)}.", hit.Active.Name);
        }
        return due;
    }

    private void LeaveMessage(List<EitFrame> frames, uint? mask, TimeSpan delay)
    {
        if (frames.Count > 0) { Leave(WebSocketFrame.Write(_opcode, EitFrame.Join(frames, out _), mask, out _), delay); }
    }

    private void LeaveCut(List<EitFrame> frames, uint? mask, TimeSpan delay, FrameFault rule, string fault)
    {
        byte[] message = WebSocketFrame.Write(_opcode, EitFrame.Join(frames, out int lastAt), mask, out int payloadAt);
        bool isWhole = rule.Bytes >= frames[^1].Bytes.Length;
        Leave(isWhole ? message : message[..(payloadAt + lastAt + (int)rule.Bytes)], delay);
        connection.Insert(direction, new Chunk(ChunkKind.Cut, connection.Now) { Way = rule.Way, Fault = fault, ExtraDelay = delay });
        GoTo(State.Discarding);
    }

    private void AnswerWithClose(FrameFault rule, string fault)
    {
        byte[] payload = new byte[CloseReasonAt + rule.Reason.Length];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)rule.Code);
        Encoding.ASCII.GetBytes(rule.Reason, payload.AsSpan(CloseReasonAt));
        byte[] close = WebSocketFrame.Write(WebSocketFrame.OpcodeClose, payload, IsUpward ? null : CloseMask, out _);
        ChaosDirection back = IsUpward ? ChaosDirection.Down : ChaosDirection.Up;
        connection.Insert(back, Chunk.Data(close, connection.Now));
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Insert(direction, new Chunk(ChunkKind.Mark, connection.Now) { Reached = passed });
        connection.Insert(back, new Chunk(ChunkKind.Cut, connection.Now) { Way = CutWay.Close, Fault = fault, After = passed.Task });
        GoTo(State.Discarding);
    }

    private bool GoTo(State next)
    {
        _state = next;
        return true;
    }

    private bool TryPass(int length)
    {
        if (length > 0) { Leave(Take(length)); }
        return false;
    }

    private bool TryDiscard()
    {
        _held = [];
        return false;
    }

    private byte[] Take(int length)
    {
        byte[] taken = _held[..length];
        _held = _held[length..];
        return taken;
    }

    private void Leave(byte[] bytes, TimeSpan delay = default) => connection.Insert(direction, Chunk.Data(bytes, connection.Now) with { ExtraDelay = delay });
}
