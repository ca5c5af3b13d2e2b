using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Cli.Connect;

/// <summary>A conversation by Eit. It survives outages; when a session is lost, what had not left it is sent again in the next one, and what is unknown is counted.</summary>
internal sealed class EitConversation : Conversation
{
    private const int UnderWayMax = 4_096;

    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(5);
    private static readonly SendOptions s_now = new() { AcceptWithin = TimeSpan.Zero };
    private static readonly SendOptions s_patient = new() { AcceptWithin = Timeout.InfiniteTimeSpan };

    private readonly EitConnection _client;
    private readonly LinkedList<ConnectMessage> _toSend = new();
    private readonly Queue<(ConnectMessage Message, Task<SendOutcome> Outcome)> _underWay = new();   // All of one session.
    private SessionId? _session;
    private long _unknown;
    private bool _hasBeenConnected;
    private volatile bool _isFinishing;

    internal EitConversation(ConnectOptions options, int messageBytesMax, Func<ConnectMessage, ValueTask> onMessage, Action<string> onState)
        : base(onMessage, onState)
    {
        _client = new EitConnection(new EitConnectionOptions
        {
            Url = options.Url,
            TokenProvider = async (_, cancel) => await options.Token.ReadAsync(cancel),
            CertificateValidation = options.TakesAnyCertificate ? AnyCertificate.Take : null,
            PinnedCertificateSha256 = options.PinnedCertificateSha256,
            CloseLimit = TimeSpan.FromSeconds(30),
            ClientCertificates = options.ClientCertificate is { } certificate ? [certificate] : [],
            Session = new SessionSettings { MessageBytesMax = messageBytesMax, WindowBytes = messageBytesMax },
        });
        _client.OnMessage(text => HandAsync(new ConnectMessage(text, default)));
        _client.OnBytes(bytes => HandAsync(new ConnectMessage(Text: null, bytes)));
        _client.StateChanged += (_, change) => Changed(change);
        _client.SessionEnded += (_, ended) => Ended(ended);
    }

    internal override Task? Unsettled => _underWay.TryPeek(out var oldest) ? oldest.Outcome : null;

    internal override Task StartAsync(CancellationToken cancellationToken)
    {
        _client.Start();
        return _client.WaitUntilConnectedAsync(cancellationToken);
    }

    internal override Task SendAsync(ConnectMessage message, CancellationToken cancellationToken)
    {
        _toSend.AddLast(message);
        return SendAllAsync(cancellationToken);
    }

    internal override async Task SettleAsync(CancellationToken cancellationToken)
    {
        while (Unsettled is { IsCompleted: true }) { await SettleOldestAsync(cancellationToken); }
        await SendAllAsync(cancellationToken);
    }

    internal override async Task<string?> FinishAsync(CancellationToken cancellationToken)
    {
        while (_toSend.Count + _underWay.Count > 0)
        {
            await SendAllAsync(cancellationToken);
            if (_underWay.Count > 0) { await SettleOldestAsync(cancellationToken); }
        }
        _isFinishing = true;
        await _client.CloseAsync(cancellationToken);
        return _unknown == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"Of {_unknown} messages it is not known whether they were handled: their session ended.");
    }

    public override async ValueTask DisposeAsync()
    {
        _isFinishing = true;
        await _client.DisposeAsync().AsTask().WaitAsync(s_endLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);   // The process ends with it.
        await base.DisposeAsync();
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        while (_toSend.First is { } next)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TrySend(next.Value)) { _toSend.RemoveFirst(); }
            else if (_underWay.Count > 0) { await SettleOldestAsync(cancellationToken); }
            else
            {
                // Nothing else is under way, so that this one may wait for a connection and cannot be overtaken.
                SendOutcome outcome = await OfferAsync(next.Value, s_patient, cancellationToken);
                if (outcome == SendOutcome.TooLarge) { throw TooLarge(next.Value); }
                if (outcome == SendOutcome.NotSent)
                {
                    await _client.WaitUntilConnectedAsync(cancellationToken);
                    continue;
                }
                Count(outcome);
                _toSend.RemoveFirst();
            }
        }
    }

    private bool TrySend(ConnectMessage message)
    {
        SessionId? session = _client.SessionId;
        bool mayGo = _underWay.Count == 0 || (_underWay.Count < UnderWayMax && session == _session);
        if (!mayGo) { return false; }
        Task<SendOutcome> outcome = OfferAsync(message, s_now, CancellationToken.None).AsTask();
        if (outcome is { IsCompletedSuccessfully: true, Result: SendOutcome.TooLarge }) { throw TooLarge(message); }
        if (outcome is { IsCompletedSuccessfully: true, Result: SendOutcome.NotSent }) { return false; }
        _session = session;
        _underWay.Enqueue((message, outcome));
        return true;
    }

    private static ArgumentException TooLarge(ConnectMessage message) => new("The message is larger than the peer takes.", nameof(message));

    private ValueTask<SendOutcome> OfferAsync(ConnectMessage message, SendOptions options, CancellationToken cancellationToken) =>
        message.Text is { } text ? _client.SendAsync(text, options, cancellationToken) : _client.SendAsync(message.Bytes, options, cancellationToken);

    /// <summary>Waits for the oldest message's outcome. One that was not sent has lost its session: all others under way have, too.</summary>
    private async Task SettleOldestAsync(CancellationToken cancellationToken)
    {
        (ConnectMessage message, Task<SendOutcome> outcome) = _underWay.Peek();
        SendOutcome first = await outcome.WaitAsync(cancellationToken);
        _underWay.Dequeue();
        if (first != SendOutcome.NotSent)
        {
            Count(first);
            return;
        }
        List<ConnectMessage> again = [message];
        while (_underWay.TryDequeue(out var other))
        {
            SendOutcome what = await other.Outcome;
            if (what == SendOutcome.NotSent) { again.Add(other.Message); }
            else { Count(what); }
        }
        for (int i = again.Count - 1; i >= 0; i--) { _toSend.AddFirst(again[i]); }
    }

    private void Count(SendOutcome outcome)
    {
        if (outcome != SendOutcome.Processed) { _unknown++; }
    }

    private void Changed(EitStateChange change)
    {
        if (change.Current == EitConnectionState.Connected)
        {
            _hasBeenConnected = true;
            Say(change.IsResumed ? "connected again; nothing is lost" : "connected");
        }
        else if (change.Previous != EitConnectionState.Idle && change.Current is (EitConnectionState.Waiting or EitConnectionState.Refused))
        {
            string next = change.NextAttemptIn is { } wait ? string.Create(CultureInfo.InvariantCulture, $" The next dial is in {wait.TotalSeconds:0.0} s.") : "";
            Say($"not connected: {change.Reason}{next}");
        }
        bool isHopeless = !_hasBeenConnected && change.HttpStatus is >= 400 and < 500;
        if (isHopeless) { Fail($"The server does not take this client: {change.Reason}"); }
        if (change.Current == EitConnectionState.Closed && !_isFinishing) { Fail($"The server has ended the conversation: {change.Reason}"); }
    }

    private void Ended(EitSessionEnded ended)
    {
        if (!_isFinishing) { Say($"the session has ended ({(int)ended.Code}): {ended.Reason}"); }
    }
}
