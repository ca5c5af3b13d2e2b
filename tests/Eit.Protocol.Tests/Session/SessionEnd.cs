using System.Text;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>One end of a session with its driver: does what the machine wants, lets handlers run one at a time, remembers what has happened.</summary>
internal sealed class SessionEnd(World world, SessionMachine machine, EitEnd end, Action<SessionOutput> pass)
{
    private readonly JsonFrameWriter _writer = new();
    private readonly List<Transport> _transports = [];

    internal SessionMachine Machine => machine;

    internal List<SessionOutput> Outputs { get; } = [];

    internal List<SessionState> States { get; } = [];

    /// <summary>The messages that were handed to the handler.</summary>
    internal List<InboundMessage> Messages { get; } = [];

    /// <summary>The messages that were handed to the handler, as text.</summary>
    internal IEnumerable<string> Received => Messages.Select(static message => message.Text ?? Encoding.UTF8.GetString(message.Bytes.Span));

    /// <summary>What became of the messages that somebody waits for, by their text, in the order in which it was told.</summary>
    internal List<(string Text, SendOutcome Outcome)> Outcomes { get; } = [];

    internal SessionOutput.Ended? Ended { get; private set; }

    /// <summary>Whether a handler takes until <see cref="FinishHandler"/>.</summary>
    internal bool HoldsHandlers { get; set; }

    /// <summary>Whether the handler throws at a message; null: never.</summary>
    internal Predicate<InboundMessage>? Throws { get; set; }

    /// <summary>Whether no message is taken for the handler.</summary>
    internal bool IsAsleep { get; set; }

    /// <summary>How many WebSocket messages can be written until the writer stalls; null: any number.</summary>
    internal int? WritesLeft { get; set; }

    /// <summary>The message whose handler is at work.</summary>
    internal InboundMessage? Handling { get; private set; }

    /// <summary>A digest of everything that the machine knows.</summary>
    internal UInt128 Digest
    {
        get
        {
            var digest = new StateDigest(world.Now);
            machine.AppendTo(digest);
            return digest.Value;
        }
    }

    internal bool IsOver => Ended is not null && Handling is null && machine.InboxMessages == 0;

    /// <summary>The transports that the end has not closed or lost.</summary>
    internal IReadOnlyList<Transport> Transports => _transports;

    internal int CountOf<T>()
        where T : SessionOutput => Outputs.OfType<T>().Count();

    internal void Attach(Transport transport) => _transports.Add(transport);

    /// <summary>Hands a message over; it leaves when the world settles.</summary>
    internal AcceptResult Send(string text, Lane lane = Lane.Normal, byte kind = 0, bool mayWait = false, bool isAwaited = false, CompleteWhen when = CompleteWhen.Processed) =>
        machine.Accept(new OutgoingMessage { Text = text, Lane = lane, Kind = kind, MayWait = mayWait, CompleteWhen = when, Token = isAwaited ? text : null }, world.Now, out _);

    /// <summary>Hands a message over whose outcome somebody waits for; its token is its text.</summary>
    /// <returns>Its id.</returns>
    internal long Accept(in OutgoingMessage message)
    {
        Assert.Equal(AcceptResult.Accepted, machine.Accept(message with { Token = message.Text }, world.Now, out long id));
        return id;
    }

    internal AcceptResult SendBytes(byte[] bytes, Lane lane = Lane.Normal, byte kind = 0) =>
        machine.Accept(new OutgoingMessage { Bytes = bytes, Lane = lane, Kind = kind }, world.Now, out _);

    /// <summary>Hands messages over that may wait for a transport and for which somebody waits.</summary>
    internal void SendAll(params IEnumerable<string> texts)
    {
        foreach (string text in texts) { Assert.Equal(AcceptResult.Accepted, Send(text, mayWait: true, isAwaited: true)); }
    }

    /// <summary>Ends the work of the handler; the next message may follow.</summary>
    internal void FinishHandler()
    {
        InboundMessage message = Handling!.Value;
        Handling = null;
        machine.Finished(in message, world.Now, hasFailed: Throws?.Invoke(message) ?? false);
    }

    internal void Receive(Transport transport, Packet packet, int framesRead = 0)
    {
        if (packet.Code is { } code)
        {
            _transports.Remove(transport);
            machine.TransportLost(transport.Epoch, code, "closed", world.Now);
            if (!transport.From(end).IsOver) { transport.From(end).EndWith(code: null); }
            return;
        }
        if (packet.Violation is { } violation) { machine.Violated(transport.Epoch, violation); }
        foreach (Frame frame in packet.Frames.Skip(framesRead)) { machine.FrameReceived(transport.Epoch, in frame, world.Now); }
    }

    internal void Tick()
    {
        if (world.Now >= machine.NextDeadline) { machine.Tick(world.Now); }
    }

    internal void Drive()
    {
        bool isMoving = true;
        while (isMoving)
        {
            isMoving = false;
            TakeOutcomes();
            while (machine.TryTake(out SessionOutput? output))
            {
                isMoving = true;
                Do(output!);
                pass(output!);
            }
            isMoving |= Write() | Handle();
        }
        TakeOutcomes();
    }

    private void TakeOutcomes()
    {
        while (machine.TryTakeOutcome(out MessageOutcome outcome)) { Outcomes.Add(((string)outcome.Token!, outcome.Outcome)); }
    }

    private void Do(SessionOutput output)
    {
        Outputs.Add(output);
        switch (output)
        {
            case SessionOutput.StateChanged changed:
                Assert.True(SessionMoves.Allow(changed.Previous, changed.Current), $"{changed.Previous} became {changed.Current}.");
                States.Add(changed.Current);
                break;
            case SessionOutput.CloseTransport close when _transports.Find(transport => transport.Epoch == close.Epoch) is { } transport:
                _transports.Remove(transport);
                transport.From(end).WriteClose(close.Code);
                break;
            case SessionOutput.Ended ended:
                Assert.Null(Ended);
                Ended = ended;
                Outcomes.AddRange(ended.Unfinished.Where(static outcome => outcome.Token is not null).Select(static outcome => ((string)outcome.Token!, outcome.Outcome)));
                break;
            default:
                break;
        }
    }

    private bool Write()
    {
        bool wrote = false;
        foreach (Transport transport in _transports.ToArray())
        {
            while (WritesLeft is not 0 && machine.WantsToWrite(transport.Epoch, world.Now) && machine.Fill(transport.Epoch, _writer, world.Now))
            {
                WritesLeft--;
                transport.From(end).Write(_writer.End().ToArray());
                wrote = true;
            }
        }
        return wrote;
    }

    private bool Handle()
    {
        if (IsAsleep || Handling is not null || !machine.TryTakeMessage(world.Now, out InboundMessage message)) { return false; }
        Messages.Add(message with { Payload = new PayloadSlice(new PayloadChunk(message.Bytes.ToArray()), 0, message.Bytes.Length) });   // Its bytes are lent.
        Handling = message;
        if (!HoldsHandlers) { FinishHandler(); }
        return true;
    }
}
