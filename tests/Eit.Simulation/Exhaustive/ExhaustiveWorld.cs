using System.Diagnostics;
using System.Text;

namespace Eit.Simulation.Exhaustive;

/// <summary>A small world in which nothing is drawn: in each state it says what can happen next, and what comes of it.</summary>
internal sealed class ExhaustiveWorld
{
    /// <summary>Acks and gaps are near, and need nobody's leave; everything that is farther needs a jump.</summary>
    private static readonly TimeSpan s_near = TimeSpan.FromMilliseconds(250);

    private readonly ExplorationBounds _bounds;
    private readonly Vocabulary _words;
    private readonly HistoryAutomaton _histories;
    private readonly IEndStepper _client;
    private readonly IEndStepper _server;

    internal ExhaustiveWorld(ExplorationBounds bounds, Vocabulary words, HistoryAutomaton histories, IEndStepper client, IEndStepper server) =>
        (_bounds, _words, _histories, _client, _server) = (bounds, words, histories, client, server);

    /// <summary>What went wrong with the last choice; null if nothing did.</summary>
    internal string? Failure { get; private set; }

    /// <summary>Begins: the client is started, and unless that is explored too, connected.</summary>
    internal void Begin(WorldState state)
    {
        Failure = null;
        Step(state, atServer: false, new EndInput(EndInputKind.Start));
        var choices = new List<Choice>();
        while (!_bounds.BeginsBeforeTheFirstDial && Failure is null)
        {
            List(state, choices);
            int next = choices.FindIndex(static choice => choice.IsDue);
            if (next < 0) { break; }
            Apply(state, choices[next]);
        }
        state.Left[(int)Budget.MessagesUp] = (byte)_bounds.MessagesUp;
        state.Left[(int)Budget.MessagesDown] = (byte)_bounds.MessagesDown;
        state.Left[(int)Budget.Cycles] = (byte)_bounds.Cycles;
        state.Left[(int)Budget.CyclesAsked] = (byte)_bounds.CyclesAsked;
        state.Left[(int)Budget.Cuts] = (byte)_bounds.Cuts;
        state.Left[(int)Budget.DialFailures] = (byte)_bounds.DialFailures;
        state.Left[(int)Budget.Stops] = (byte)_bounds.Stops;
        state.Left[(int)Budget.ClientJumps] = (byte)_bounds.Jumps;
        state.Left[(int)Budget.ServerJumps] = (byte)_bounds.Jumps;
        state.Left[(int)Budget.Closes] = (byte)_bounds.Closes;
        state.Left[(int)Budget.Pauses] = (byte)_bounds.Pauses;
        state.Left[(int)Budget.Patience] = 24;
    }

    /// <summary>Lists what can happen next.</summary>
    internal void List(WorldState state, List<Choice> choices)
    {
        choices.Clear();
        EndView client = _client.View(state.Client);
        EndView server = _server.View(state.Server);
        ListDue(state, client, server, choices);
        bool mayTakeTime = state.Left[(int)Budget.Stops] < _bounds.Stops || client.LiveSessions != server.LiveSessions;
        if (choices.Count == 0 && mayTakeTime && state.Left[(int)Budget.Patience] > 0 && WhyNotSettled(state) is not null)
        {
            bool serverHasDeadline = server.Wait < TimeSpan.MaxValue;
            bool clientHasDeadline = client.Wait < TimeSpan.MaxValue;
            bool isServersTurn = !clientHasDeadline || (serverHasDeadline && state.Left[(int)Budget.Patience] % 2 == 1);
            if (clientHasDeadline || serverHasDeadline) { choices.Add(new Choice(ChoiceKind.Wait, isServersTurn)); }
        }
        ListFaults(state, choices);
        if (state.Left[(int)Budget.MessagesUp] > 0 && client.CanSend) { choices.Add(new Choice(ChoiceKind.Send, AtServer: false)); }
        if (state.Left[(int)Budget.MessagesDown] > 0 && server.CanSend) { choices.Add(new Choice(ChoiceKind.Send, AtServer: true)); }
        if (state.Left[(int)Budget.Cycles] > 0 && client.CanCycle) { choices.Add(new Choice(ChoiceKind.Cycle, AtServer: false)); }
        if (state.Left[(int)Budget.CyclesAsked] > 0 && server.CanCycle) { choices.Add(new Choice(ChoiceKind.Cycle, AtServer: true)); }
        if (state.Left[(int)Budget.ClientJumps] > 0 && CanJump(client)) { choices.Add(new Choice(ChoiceKind.Jump, AtServer: false)); }
        if (state.Left[(int)Budget.ServerJumps] > 0 && CanJump(server)) { choices.Add(new Choice(ChoiceKind.Jump, AtServer: true)); }
        if (state.Left[(int)Budget.Closes] > 0 && client.CanClose) { choices.Add(new Choice(ChoiceKind.Close, AtServer: false)); }
        if (state.Left[(int)Budget.Closes] > 0 && server.CanClose) { choices.Add(new Choice(ChoiceKind.Close, AtServer: true)); }
        if (state.Left[(int)Budget.Pauses] > 0 && client.CanPause) { choices.Add(new Choice(ChoiceKind.Pause, AtServer: false)); }
    }

    /// <summary>Lets something happen. What is wrong with it, if anything, is in <see cref="Failure"/>.</summary>
    internal void Apply(WorldState state, Choice choice)
    {
        Failure = null;
        try
        {
            Do(state, choice);
            state.RemoveGoneLinks();
        }
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            Failure = thrown.ToString();                           // So that it is told with the way that led to it.
        }
    }

    /// <summary>Says what is not settled in a state in which nothing has to happen any more; null if everything is.</summary>
    internal string? WhyNotSettled(WorldState state)
    {
        EndView client = _client.View(state.Client);
        EndView server = _server.View(state.Server);
        if (!client.IsQuiet || !server.IsQuiet || client.LiveSessions != server.LiveSessions) { return $"it does not settle: {client.Text}; {server.Text}"; }
        if (state.Left[(int)Budget.ClientHasClosed] == 1 && !client.IsClosed) { return $"the client was closed and is not: {client.Text}"; }
        int links = client.LiveSessions == 0 ? 0 : 1;
        if (state.LinkCount != links) { return $"{state.LinkCount} transports are left: {client.Text}; {server.Text}"; }
        for (int history = 0; history < state.Histories.Length; history++)
        {
            if (_histories.WhyNotQuiet(state.Histories[history]) is { } why) { return $"{NameOf(history)}{why}"; }
        }
        return null;
    }

    /// <summary>Tells a choice to a reader, in a state in which it can be made.</summary>
    internal string Describe(WorldState state, Choice choice)
    {
        string end = choice.AtServer ? "server" : "client";
        return choice.Kind switch
        {
            ChoiceKind.Deliver => $"{end} gets on {choice.Epoch}: {TextOf(DirectionOf(state, choice).First)}",
            ChoiceKind.Notice => $"{end} notices the loss of {choice.Epoch}; lost on the way to it: {TextOf(DirectionOf(state, choice))}",
            ChoiceKind.Arrive or ChoiceKind.ArriveLate => $"server is dialled, {choice.Epoch}: {_words.Hello(state.Dials[state.FindDial(choice.Epoch)].Hello).Want}",
            ChoiceKind.HandlerDone => $"{end}: the handler has finished",
            ChoiceKind.TimePasses or ChoiceKind.Wait or ChoiceKind.Jump => $"{end}: its next deadline comes",
            ChoiceKind.Write => $"{end} writes on {choice.Epoch}",
            ChoiceKind.Send => $"{end}: its application sends",
            ChoiceKind.Cycle => $"{end}: a cycle is wanted",
            ChoiceKind.Cut => $"transport {choice.Epoch} is cut",
            ChoiceKind.Stop => $"transport {choice.Epoch} falls silent towards the {end}",
            ChoiceKind.FailDial => $"dial {choice.Epoch} fails",
            ChoiceKind.GiveUpDial or ChoiceKind.TimeOutDial => $"client gives dial {choice.Epoch} up",
            ChoiceKind.Close => $"{end}: its application closes",
            ChoiceKind.Pause => "client is put to sleep",
            ChoiceKind.Wake => "client is woken",
            _ => choice.ToString(),
        };
    }

    private static string NameOf(int history) => $"session {(history / 2) + 1}, {(history % 2 == 0 ? "up" : "down")}: ";

    private static void Spend(WorldState state, Budget budget) => state.Left[(int)budget]--;

    private static bool CanJump(EndView end) => end.Wait > s_near && end.Wait < TimeSpan.MaxValue;

    private static ref DirectionState DirectionOf(WorldState state, Choice choice)
    {
        ref LinkState link = ref state.Links[state.FindLink(choice.Epoch)];
        return ref choice.AtServer ? ref link.ToServer : ref link.ToClient;
    }

    private void ListDue(WorldState state, EndView client, EndView server, List<Choice> choices)
    {
        for (int i = 0; i < state.LinkCount; i++)
        {
            ref LinkState link = ref state.Links[i];
            ListArrivals(in link.ToServer, atServer: true, link.Epoch, choices);
            ListArrivals(in link.ToClient, atServer: false, link.Epoch, choices);
            if (!link.IsHeard && link.ToClient.IsStopped) { choices.Add(new Choice(ChoiceKind.TimeOutDial, AtServer: false, link.Epoch)); }
        }
        foreach (ref readonly PendingDial dial in state.Dials.AsSpan(0, state.DialCount))
        {
            if (!dial.IsGivenUp) { choices.Add(new Choice(ChoiceKind.Arrive, AtServer: true, dial.Epoch)); }
        }
        ListDue(client, atServer: false, choices);
        ListDue(server, atServer: true, choices);
        if (client.IsPaused) { choices.Add(new Choice(ChoiceKind.Wake, AtServer: false)); }
    }

    private static void ListArrivals(in DirectionState direction, bool atServer, int epoch, List<Choice> choices)
    {
        if (direction is { Count: > 0, IsStopped: false }) { choices.Add(new Choice(ChoiceKind.Deliver, atServer, epoch)); }
        if (direction.IsCut) { choices.Add(new Choice(ChoiceKind.Notice, atServer, epoch)); }
    }

    private static void ListDue(EndView end, bool atServer, List<Choice> choices)
    {
        for (int place = 0, left = end.BusySessions; left != 0; place++, left >>= 1)
        {
            if ((left & 1) != 0) { choices.Add(new Choice(ChoiceKind.HandlerDone, atServer, place)); }
        }
        if (end.Wait > TimeSpan.Zero && end.Wait <= s_near) { choices.Add(new Choice(ChoiceKind.TimePasses, atServer)); }
        foreach (int epoch in end.Writes) { choices.Add(new Choice(ChoiceKind.Write, atServer, epoch)); }
    }

    private static void ListFaults(WorldState state, List<Choice> choices)
    {
        for (int i = 0; i < state.LinkCount; i++)
        {
            ref LinkState link = ref state.Links[i];
            bool isCut = link.ToServer.IsCut || link.ToClient.IsCut;
            if (!isCut && state.Left[(int)Budget.Cuts] > 0) { choices.Add(new Choice(ChoiceKind.Cut, AtServer: false, link.Epoch)); }
            if (!isCut && state.Left[(int)Budget.Stops] > 0)
            {
                if (link.ToServer is { IsDone: false, IsStopped: false }) { choices.Add(new Choice(ChoiceKind.Stop, AtServer: true, link.Epoch)); }
                if (link.ToClient is { IsDone: false, IsStopped: false }) { choices.Add(new Choice(ChoiceKind.Stop, AtServer: false, link.Epoch)); }
            }
            bool mayGiveUp = !isCut && !link.IsHeard && link.ToClient is { IsDone: false, IsStopped: false } && state.Left[(int)Budget.DialFailures] > 0;
            if (mayGiveUp) { choices.Add(new Choice(ChoiceKind.GiveUpDial, AtServer: false, link.Epoch)); }
        }
        foreach (ref readonly PendingDial dial in state.Dials.AsSpan(0, state.DialCount))
        {
            if (dial.IsGivenUp) { choices.Add(new Choice(ChoiceKind.ArriveLate, AtServer: true, dial.Epoch)); }
            else if (state.Left[(int)Budget.DialFailures] > 0)
            {
                choices.Add(new Choice(ChoiceKind.FailDial, AtServer: false, dial.Epoch));
                choices.Add(new Choice(ChoiceKind.GiveUpDial, AtServer: false, dial.Epoch));
            }
        }
    }

    private void Do(WorldState state, Choice choice)
    {
        switch (choice.Kind)
        {
            case ChoiceKind.Deliver or ChoiceKind.Notice:
                Receive(state, choice);
                break;
            case ChoiceKind.Arrive or ChoiceKind.ArriveLate:
                Admit(state, choice.Epoch);
                break;
            case ChoiceKind.HandlerDone:
                Step(state, choice.AtServer, new EndInput(EndInputKind.HandlerDone, What: choice.Epoch));
                break;
            case ChoiceKind.TimePasses:
                Step(state, choice.AtServer, new EndInput(EndInputKind.TimePasses));
                break;
            case ChoiceKind.Write:
                Step(state, choice.AtServer, new EndInput(EndInputKind.Write, choice.Epoch));
                break;
            case ChoiceKind.Wait:
                Spend(state, Budget.Patience);
                Step(state, choice.AtServer, new EndInput(EndInputKind.TimePasses));
                break;
            case ChoiceKind.Jump:
                Spend(state, choice.AtServer ? Budget.ServerJumps : Budget.ClientJumps);
                Step(state, choice.AtServer, new EndInput(EndInputKind.TimePasses));
                break;
            case ChoiceKind.Send:
                Spend(state, choice.AtServer ? Budget.MessagesDown : Budget.MessagesUp);
                Step(state, choice.AtServer, new EndInput(EndInputKind.Send));
                break;
            case ChoiceKind.Cycle:
                Spend(state, choice.AtServer ? Budget.CyclesAsked : Budget.Cycles);
                Step(state, choice.AtServer, new EndInput(EndInputKind.Cycle));
                break;
            case ChoiceKind.Close:
                Spend(state, Budget.Closes);
                if (!choice.AtServer) { state.Left[(int)Budget.ClientHasClosed] = 1; }
                Step(state, choice.AtServer, new EndInput(EndInputKind.Close));
                break;
            case ChoiceKind.Pause:
                Spend(state, Budget.Pauses);
                Step(state, atServer: false, new EndInput(EndInputKind.Pause));
                break;
            case ChoiceKind.Wake:
                Step(state, atServer: false, new EndInput(EndInputKind.Pause));
                break;
            default:
                Hurt(state, choice);
                break;
        }
    }

    private void Receive(WorldState state, Choice choice)
    {
        ref LinkState link = ref state.Links[state.FindLink(choice.Epoch)];
        ref DirectionState direction = ref choice.AtServer ? ref link.ToServer : ref link.ToClient;
        int packet = choice.Kind == ChoiceKind.Notice ? Vocabulary.Lost : direction.Take();
        if (_words.IsClose(packet)) { direction.Finish(); }
        link.IsHeard |= !choice.AtServer;
        Step(state, choice.AtServer, new EndInput(EndInputKind.Receive, choice.Epoch, packet));
    }

    private void Admit(WorldState state, int epoch)
    {
        int index = state.FindDial(epoch);
        PendingDial dial = state.Dials[index];
        state.RemoveDial(index);
        ref LinkState link = ref state.AddLink(epoch);
        if (dial.IsGivenUp) { Leave(ref link); }
        Step(state, atServer: true, new EndInput(EndInputKind.Admit, epoch, dial.Hello));
    }

    private void Hurt(WorldState state, Choice choice)
    {
        if (choice.Kind is ChoiceKind.FailDial or ChoiceKind.GiveUpDial or ChoiceKind.TimeOutDial)
        {
            if (choice.Kind != ChoiceKind.TimeOutDial) { Spend(state, Budget.DialFailures); }
            int index = state.FindDial(choice.Epoch);
            if (index < 0) { Leave(ref state.Links[state.FindLink(choice.Epoch)]); }
            else if (choice.Kind == ChoiceKind.FailDial) { state.RemoveDial(index); }
            else { state.Dials[index] = state.Dials[index] with { IsGivenUp = true }; }
            Step(state, atServer: false, new EndInput(EndInputKind.DialFailed, choice.Epoch));
            return;
        }
        ref LinkState link = ref state.Links[state.FindLink(choice.Epoch)];
        if (choice.Kind == ChoiceKind.Cut)
        {
            Spend(state, Budget.Cuts);
            link.ToServer.Cut();
            link.ToClient.Cut();
        }
        else if (choice.Kind == ChoiceKind.Stop)
        {
            Spend(state, Budget.Stops);
            if (choice.AtServer) { link.ToServer.IsStopped = true; }
            else { link.ToClient.IsStopped = true; }
        }
        else { throw new UnreachableException(); }
    }

    /// <summary>The client has closed its socket and hears nothing more.</summary>
    private static void Leave(ref LinkState link)
    {
        link.ToClient.Finish();
        if (link.ToServer.IsOver) { return; }
        link.ToServer.Add(Vocabulary.Lost);
        link.ToServer.IsOver = true;
    }

    private void Step(WorldState state, bool atServer, EndInput input)
    {
        EndEffect effect = atServer ? _server.Step(state.Server, input) : _client.Step(state.Client, input);
        if (atServer) { state.Server = effect.Next; }
        else { state.Client = effect.Next; }
        Failure ??= effect.Failure;
        bool isInVain = effect.GaveUp && _bounds is { Jumps: 0, Stops: 0 } && (atServer ? _client.View(state.Client) : _server.View(state.Server)).LiveSessions != 0;
        if (isInVain) { Failure ??= "a close was given up that nothing stood in the way of"; }
        foreach ((int epoch, int packet) in effect.Packets) { Put(state, atServer, epoch, packet); }
        foreach ((int epoch, int hello) in effect.Dials) { state.AddDial(new PendingDial(epoch, hello, IsGivenUp: false)); }
        foreach ((int history, int what) in effect.Events)
        {
            (state.Histories[history], string? broken) = _histories.Step(state.Histories[history], what);
            if (broken is not null) { Failure ??= $"{NameOf(history)}{broken}"; }
        }
    }

    private void Put(WorldState state, bool fromServer, int epoch, int packet)
    {
        int index = state.FindLink(epoch);
        if (index < 0) { return; }
        ref LinkState link = ref state.Links[index];
        ref DirectionState away = ref fromServer ? ref link.ToClient : ref link.ToServer;
        ref DirectionState back = ref fromServer ? ref link.ToServer : ref link.ToClient;
        bool isClose = _words.IsClose(packet);
        if (!away.IsOver)
        {
            away.Add(packet);
            away.IsOver = isClose;
        }
        if (isClose) { back.Finish(); }                            // Who has closed hears nothing more (X1.3).
    }

    private string TextOf(int packet)
    {
        SimLink.Packet what = _words.Packet(packet);
        if (what.Code is { } code) { return $"close {code}"; }
        string text = Encoding.UTF8.GetString(what.Message);
        return text.Length <= 300 ? text : string.Concat(text.AsSpan(0, 300), "…");
    }

    private string TextOf(DirectionState direction)
    {
        var text = new StringBuilder();
        for (int i = 0; i < direction.Count; i++) { text.Append(i == 0 ? string.Empty : ", ").Append(TextOf(direction[i])); }
        return direction.Count == 0 ? "nothing" : text.ToString();
    }
}
