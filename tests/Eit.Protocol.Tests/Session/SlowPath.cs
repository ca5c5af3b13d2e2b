using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Tests;

/// <summary>Two ends of a session on a path of a given rate and length, with deep buffers on the way, in virtual time. A message leaves in fragments, and each is seen when all of it has come.</summary>
internal sealed class SlowPath
{
    private const int BufferBytes = 4 * 1024 * 1024;

    private readonly End _client;
    private readonly End _server;

    internal SlowPath(double bytesPerSecond, TimeSpan roundTrip, SessionSettings settings)
    {
        var hello = new Hello
        {
            Instance = default,
            Epoch = 1,
            Want = HelloWant.New,
            Timeout = settings.Timeout,
            MessageBytesMax = settings.MessageBytesMax,
            Credit = new Credit(settings.WindowMessages, settings.WindowBytes),
        };
        var server = SessionMachine.Accept(new SessionId(1), new byte[32], hello, new TransportTerms(settings.Timeout, TimeSpan.Zero, Expires: null), refusal: null, settings, new SeededJitter(1), Now);
        var welcome = new Welcome
        {
            Session = new SessionId(1),
            Epoch = 1,
            IsResumed = false,
            Timeout = settings.Timeout,
            ClientTimeout = settings.Timeout,
            MessageBytesMax = settings.MessageBytesMax,
            Credit = server.Credit,
            Window = TimeSpan.FromMinutes(2),
            Spread = TimeSpan.Zero,
        };
        var client = SessionMachine.Open(welcome, new byte[32], settings, new SeededJitter(2), Now);
        client.RoundTripMeasured(roundTrip);
        _client = new End(client, bytesPerSecond, roundTrip / 2);
        _server = new End(server, bytesPerSecond, roundTrip / 2);
    }

    internal Instant Now { get; private set; } = Instant.Zero + TimeSpan.FromHours(1);

    internal SessionMachine Client => _client.Machine;

    internal SessionMachine Server => _server.Machine;

    /// <summary>What has been handled at the server, and when.</summary>
    internal List<(InboundMessage Message, Instant At)> Handled { get; } = [];

    /// <summary>Sets the path's length from now on.</summary>
    internal void Stretch(TimeSpan roundTrip) => (_client.Delay, _server.Delay) = (roundTrip / 2, roundTrip / 2);

    internal void Send(string text, Lane lane) => Assert.Equal(AcceptResult.Accepted, Client.Accept(new OutgoingMessage { Text = text, Lane = lane }, Now, out _));

    /// <summary>Runs until a moment, or until something is so.</summary>
    internal void Run(Instant until, Func<bool>? isDone = null)
    {
        while (true)
        {
            Write(_client);
            Write(_server);
            if (isDone?.Invoke() == true) { return; }
            Instant next = Instant.Earlier(Instant.Earlier(_client.NextEvent, _server.NextEvent), until);
            if (next >= until)
            {
                Now = until;
                return;
            }
            Now = next > Now ? next : Now;
            if (Now >= Client.NextDeadline) { Client.Tick(Now); }
            if (Now >= Server.NextDeadline) { Server.Tick(Now); }
            Read(_client, Server);
            Read(_server, Client);
            while (Server.TryTakeMessage(Now, out InboundMessage message))
            {
                Handled.Add((message, Now));
                Server.Finished(in message, Now);
            }
        }
    }

    private void Write(End end)
    {
        while (end.Queued(Now) < BufferBytes && end.Machine.WantsToWrite(1, Now) && end.Machine.Fill(1, end.Writer, Now)) { end.Put(end.Writer.End().ToArray(), Now); }
    }

    private void Read(End from, SessionMachine to)
    {
        while (from.TryGet(Now, out byte[]? message))
        {
            to.BytesReceived(1, Now);
            if (message is null) { continue; }
            Assert.Null(from.Reader.Read(message, isText: true, from.Frames));
            for (int i = 0; i < from.Frames.Count; i++)
            {
                if (from.Frames[i].Type != FrameType.Welcome) { to.FrameReceived(1, in from.Frames[i], Now); }
            }
        }
    }

    private sealed class End(SessionMachine machine, double bytesPerSecond, TimeSpan delay)
    {
        private readonly Queue<(Instant At, byte[]? Message)> _onTheWay = new();
        private Instant _freeAt;

        internal SessionMachine Machine => machine;

        internal JsonFrameWriter Writer { get; } = new();

        internal JsonFrameReader Reader { get; } = new();

        internal FrameBatch Frames { get; } = new();

        internal TimeSpan Delay { get; set; } = delay;

        internal Instant NextEvent => Instant.Earlier(machine.NextDeadline, _onTheWay.TryPeek(out (Instant At, byte[]? Message) next) ? next.At : Instant.Never);

        /// <summary>The bytes that have been written and have not left the buffers.</summary>
        internal double Queued(Instant now) => _freeAt.Since(now).TotalSeconds * bytesPerSecond;

        internal void Put(byte[] message, Instant now)
        {
            _freeAt = _freeAt > now ? _freeAt : now;
            for (int left = message.Length, next; left > 0; left -= next)
            {
                next = Math.Min(left, machine.FragmentBytes);
                _freeAt += TimeSpan.FromSeconds(next / bytesPerSecond);
                _onTheWay.Enqueue((_freeAt + Delay, next == left ? message : null));
            }
        }

        /// <param name="now">The time.</param>
        /// <param name="message">What is complete; null: a fragment that another one follows.</param>
        internal bool TryGet(Instant now, out byte[]? message)
        {
            bool isThere = _onTheWay.TryPeek(out (Instant At, byte[]? Message) next) && next.At <= now;
            message = isThere ? _onTheWay.Dequeue().Message : null;
            return isThere;
        }
    }
}
